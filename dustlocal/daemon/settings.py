"""The index settings of each source: the user's, and the repository's own where it is trusted."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from dustlocal.config import REPOSITORY_FILE, IndexSettings, merged_index
from dustlocal.errors import ConfigError
from dustlocal.trust import Trust
from indexer.model import Source

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The settings of a source, and what is wrong with the repository's own ("": nothing)."""

    index: IndexSettings
    trusted: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """Settings by source. Reads files: call it from a thread."""

    user: IndexSettings
    trust: Trust

    def of(self, source: Source) -> Chosen:
        """The settings of `source`. A broken file in a repository leaves the user's in force."""
        try:
            trusted = self.trust.is_trusted(source.root)
            content = self.trust.content(source.root, REPOSITORY_FILE)
            if content is None:
                return Chosen(self.user, trusted)
            file = f"{source.root}/{REPOSITORY_FILE}"
            return Chosen(merged_index(self.user, content, file), trusted)
        except ConfigError as error:
            log.warning("%s", error)
            return Chosen(self.user, problem=str(error))

"""The use cases behind the socket: what each route means, without HTTP.

Coroutines of the event loop; whatever reads the store or the disk runs in threads.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from dustlocal import __version__, api
from dustlocal.answers.coverage import coverage_info
from dustlocal.config import Settings
from dustlocal.daemon.indexing import Indexing
from dustlocal.daemon.queries import Queries
from dustlocal.daemon.scope import Resolved, resolve
from dustlocal.daemon.sources import SourceState, source_info
from dustlocal.daemon.workers import Urgency
from dustlocal.errors import EmbeddingError, QueryError, StoreDamaged
from dustlocal.paths import Places
from dustlocal.trust import Trust
from indexer.model import SourceId

_FRESH_SECONDS = 0.3
"""How long a question waits for changes that are being indexed right now."""

ResponseT = TypeVar("ResponseT", api.SearchResponse, api.AskResponse)
RequestT = TypeVar("RequestT", api.SearchRequest, api.AskRequest)
ResultT = TypeVar("ResultT")


@dataclass(slots=True)
class Service:
    """Everything that a front end can ask for."""

    indexing: Indexing
    queries: Queries
    trust_record: Trust
    settings: Settings
    places: Places
    threads: ThreadPoolExecutor
    started: float

    async def search(self, request: api.SearchRequest) -> api.SearchResponse:
        """Passages for a query. Errors: `ScopeError`, `QueryError`, `StoreError`."""
        return await self._answer(request, self.queries.search)

    async def ask(self, request: api.AskRequest) -> api.AskResponse:
        """An answer or a refusal. Errors: `ScopeError`, `QueryError`, `StoreError`."""
        if not request.question.strip():
            raise QueryError("the question is empty", hint='ask something: dustlocal ask "…"')
        return await self._answer(request, self.queries.ask)

    async def prepare(self, request: api.PrepareRequest, about: set[str]) -> None:
        """Return when the scope's sources, whose names go into `about`, have been seen once."""
        scope, _ = await self._resolve(request.scope)
        about.update(scope.names)
        for state in self._states(scope):
            await state.passed.wait()

    async def index(self, request: api.IndexRequest, about: set[str]) -> str:
        """Bring the scope up to date, then its commits and vectors; what is missing after all.

        The sources' names go into `about`. Errors: `SourceError`, `StoreError`, `WorkerDied`.
        """
        scope, _ = await self._resolve(request.scope)
        about.update(scope.names)
        states = self._states(scope)
        for state in states:
            await self.indexing.refresh(state, Urgency.INTERACTIVE)
        for state in states:
            await self.indexing.refresh_commits(state, Urgency.INTERACTIVE)
        if request.lexical:
            return ""
        problems = []
        for state in states:
            try:
                await self.indexing.vectors.complete(state, Urgency.CHANGED)
            except EmbeddingError as error:
                problems.append(f"vectors: {error}" + (f" ({error.hint})" if error.hint else ""))
        return "; ".join(dict.fromkeys(problems))

    async def add(self, request: api.AddRequest) -> api.SourceInfo:
        """Add a source. Errors: `SourceError`, `StoreError`."""
        state, _ = await self.indexing.add(request.path)
        return await self._info(state)

    async def remove(self, request: api.RemoveRequest) -> api.SourceInfo:
        """Forget a source. Errors: `ScopeError` for an unknown one."""
        state = self._named(request.source)
        info = await self._info(state)
        await self.indexing.remove(state)
        return info

    async def sources(self) -> tuple[api.SourceInfo, ...]:
        """Every known source, by name."""
        states = sorted(self.indexing.states.values(), key=lambda state: state.source.name)
        return tuple([await self._info(state) for state in states])

    async def trust(self, request: api.TrustRequest) -> api.TrustResponse:
        """Trust what a source's `.dustlocal/` says now. Errors: `ScopeError`, `SourceError`."""
        state = self._named(request.source)
        root = state.source.root
        paths: tuple[str, ...] = ()
        if request.revoke:
            await self._in_thread(lambda: self.trust_record.revoke(root))
        else:
            paths = await self._in_thread(lambda: self.trust_record.grant(root))
        state.chosen = await self._in_thread(lambda: self.indexing.settings.of(state.source))
        self.indexing.watcher.rescan(state.id)
        return api.TrustResponse(
            source=state.source.name, root=root, trusted=not request.revoke, paths=paths
        )

    async def models_changed(self, request: api.ModelsChanged) -> api.ModelsChanged:
        """Models were pulled or removed: try again what was missing them."""
        self.queries.vectors.retry()
        self.indexing.vectors.retry()
        return request

    async def pause(self, request: api.PauseRequest) -> api.PauseRequest:
        """Stop making vectors in the background, or go on."""
        self.indexing.vectors.pause(paused=request.paused)
        return request

    async def status(self, *, skipped: bool) -> api.StatusResponse:
        """The daemon and its sources."""
        sources = await self.sources()
        ids = tuple(self.indexing.states)
        return api.StatusResponse(
            pid=os.getpid(),
            version=__version__,
            uptime_seconds=round(time.monotonic() - self.started, 1),
            sources=sources,
            coverage=await self._in_thread(lambda: self._coverage(ids)),
            model=self.settings.embedding.model,
            network=self.settings.network,
            home=os.fspath(self.places.data),
            skipped=await self._in_thread(self._skips) if skipped else (),
            problems=tuple(
                f"{each.name}: {each.problem or each.watching_reason}"
                for each in sources
                if each.problem or each.watching_reason
            ),
        )

    async def _answer(
        self, request: RequestT, answer: Callable[[RequestT, Resolved], ResponseT]
    ) -> ResponseT:
        scope, added = await self._resolve(request.scope)
        if added:
            for state in self._states(scope):
                await state.passed.wait()
        else:
            await self._settle(scope)
        response = await self._healed(scope, lambda: answer(request, scope))
        return msgspec.structs.replace(response, added=added) if added else response

    async def _healed(self, scope: Resolved, answer: Callable[[], ResultT]) -> ResultT:
        """An answer; if the index turns out to be damaged, the answer once it is rebuilt."""
        try:
            return await self._in_thread(answer)
        except StoreDamaged:
            for state in self._states(scope):
                await self.indexing.refresh(state, Urgency.INTERACTIVE)
            return await self._in_thread(answer)

    async def _resolve(self, scope: api.Scope) -> tuple[Resolved, str]:
        """The sources that are meant, and the names of those that were added on the way."""
        resolved = await self._in_thread(lambda: resolve(scope, self.indexing.known()))
        if not resolved.unknown:
            return resolved, ""
        names = []
        for root in resolved.unknown:
            state, is_new = await self.indexing.add(root)
            names += [state.source.name] if is_new else []
        again = await self._in_thread(lambda: resolve(scope, self.indexing.known()))
        return again, ", ".join(names)

    async def _settle(self, scope: Resolved) -> None:
        """Give changes that are being indexed a moment to arrive."""
        try:
            async with asyncio.timeout(_FRESH_SECONDS):
                for state in self._states(scope):
                    await self.indexing.settled(state)
        except TimeoutError:
            return  # The coverage says how far behind the answer is.

    def _states(self, scope: Resolved) -> list[SourceState]:
        return [self.indexing.state(source) for source in scope.ids]

    def _named(self, wanted: str) -> SourceState:
        """A source by name, id, or a path in it."""
        scope = resolve(api.Scope(sources=(wanted,)), self.indexing.known())
        return self.indexing.state(scope.ids[0])

    async def _info(self, state: SourceState) -> api.SourceInfo:
        watch = self.indexing.watcher.state(state.id)
        return source_info(
            state,
            await self._in_thread(lambda: self._coverage((state.id,))),
            watch.mode.value,
            f"{watch.reason}. {watch.hint}" if watch.reason else "",
        )

    def _coverage(self, ids: tuple[SourceId, ...]) -> api.CoverageInfo:
        return self.indexing.complete(ids, coverage_info(self.queries.index.coverage(ids)))

    def _skips(self) -> tuple[api.SkipInfo, ...]:
        return tuple(
            api.SkipInfo(
                source=source.name, path=skip.path, reason=skip.reason.value, detail=skip.detail
            )
            for source in self.indexing.known()
            for skip in self.queries.index.skips(source.id)
        )

    async def _in_thread(self, call: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self.threads, call)

"""Questions over a real git repository, indexed for real, without vectors.

The big golden set (`tests/data/golden/ask.jsonl`) needs clones: `python -m
dustlocal.bench.ask_quality`. This one carries its repository with it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dustlocal.answers.ask import Reading, ask
from dustlocal.api import AskRequest, AskResponse, Citation, Scope
from dustlocal.bench.ask_quality import Accepted, is_accepted, load_golden
from indexer.index import Index
from indexer.model import Source

GOLDEN = Path(__file__).parent.parent / "data" / "golden" / "ask.jsonl"

FILES = {
    "relay/queue.py": '''\
"""The queue between the receiver and the sender."""

MAX_ATTEMPTS = 5
BACKOFF_SECONDS = 1.5


class DeadLetter(Exception):
    """A message that failed MAX_ATTEMPTS times."""


class Queue:
    """Holds messages until the sender acknowledges them."""

    def push(self, message: bytes) -> int:
        """Append a message and return its number."""
        with self._lock:
            self._messages.append(message)
            return len(self._messages)

    def retry(self, number: int) -> None:
        """Put a failed message back, later each time."""
        attempts = self._attempts[number] + 1
        if attempts > MAX_ATTEMPTS:
            raise DeadLetter(f"message {number} failed too often")
        self._schedule(number, BACKOFF_SECONDS**attempts)
''',
    "relay/sender.py": '''\
from relay.queue import Queue


def send_all(queue: Queue) -> None:
    """Send what is due, oldest first."""
    for number, message in queue.due():
        try:
            deliver(message)
        except ConnectionError:
            # A refused connection is no fault of the message: it keeps its place.
            queue.retry(number)
''',
    "web/server.go": """\
package web

// Listen serves the status page until the context ends.
func Listen(ctx context.Context, address string) error {
	if address == "" {
		address = "127.0.0.1:8099"
	}
	return serve(ctx, address)
}
""",
    "docs/operations.md": """\
# Operations

## Draining the queue

Stop the receiver first, then run the drain command:

```sh
relayctl drain --wait
```

Messages that are still in flight are written to `undelivered.log`.

## Encryption

Payloads are encrypted with the key in `RELAY_KEY`; without it the relay refuses to start.
""",
    "tests/test_queue.py": "def test_retry_raises_dead_letter_after_max_attempts():\n    ...\n",
}
HISTORY = (
    ("Start the relay", ""),
    (
        "Lower MAX_ATTEMPTS from 20 to 5",
        "Twenty attempts kept poison messages in the queue for a day, because the\n"
        "backoff doubles each time.",
    ),
)


def _git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    quiet = ["-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main"]
    subprocess.run(
        ["git", *identity, *quiet, *arguments], cwd=root, check=True, capture_output=True
    )


def _make_repository(root: Path) -> None:
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    _git(root, "init")
    _git(root, "add", ".")
    for subject, body in HISTORY:
        _git(root, "commit", "--allow-empty", "-m", subject, "-m", body)


@dataclass(frozen=True)
class Library:
    """A repository with its index."""

    root: Path
    source: Source
    reading: Reading

    def ask(self, question: str) -> AskResponse:
        request = AskRequest(question=question, scope=Scope())
        return ask(request, sources=[self.source], reading=self.reading)

    def text(self, citation: Citation) -> str:
        if citation.commit:
            return self.reading.commit(self.source.id, citation.commit) or ""
        return ""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    root = tmp_path_factory.mktemp("relay")
    _make_repository(root)
    index = Index(tmp_path_factory.mktemp("data"))
    source = index.add(str(root))
    index.refresh(source.id)
    index.refresh_commits(source.id)
    yield Library(root, source, Reading(index.search, index.lines, index.commit))
    index.close()


ANSWERABLE = [
    ("where is the Queue class defined?", Accepted("relay/queue.py", r"^class Queue")),
    ("what is the default of MAX_ATTEMPTS?", Accepted("relay/queue.py", r"^MAX_ATTEMPTS = 5")),
    ("who calls queue.retry?", Accepted("relay/sender.py", r"queue\.retry\(")),
    ("DeadLetter: message 17 failed too often", Accepted("relay/queue.py", r"raise DeadLetter")),
    ("How do I drain the queue?", Accepted("docs/operations.md", r"^Stop the receiver", 6)),
    ("why was MAX_ATTEMPTS lowered?", Accepted(commit=r"^Lower MAX_ATTEMPTS")),
    ("when did the number of attempts change", Accepted(commit=r"^Lower MAX_ATTEMPTS")),
    ("which port does the status page listen on?", Accepted("web/server.go", r"^// Listen", 7)),
    ("how are payloads encrypted", Accepted("docs/operations.md", r"^Payloads are encrypted")),
    ("what happens when a conection is refused?", Accepted("relay/sender.py", r"# A refused", 2)),
    ("wo ist BACKOFF_SECONDS definiert?", Accepted("relay/queue.py", r"^BACKOFF_SECONDS")),
    ("undelivered.log", Accepted("docs/operations.md", r"^Messages that are still")),
]
UNANSWERABLE = [
    "How does the relay handle Kubernetes autoscaling?",
    "where is the GraphQL schema validated?",
    "what is the default of MAX_PAYLOAD_SIZE?",
    "who calls purge_expired_sessions?",
    "why did we move from RabbitMQ to Kafka?",
    "where are user avatars resized",
]


@pytest.mark.parametrize(("question", "place"), ANSWERABLE, ids=[q for q, _ in ANSWERABLE])
def test_a_question_with_an_answer_cites_its_place(
    library: Library, question: str, place: Accepted
) -> None:
    response = library.ask(question)
    assert not response.refused, response.answer
    cited = [
        is_accepted(citation, [place], library.root, library.text(citation))
        for citation in response.citations
    ]
    assert any(cited[:2]), response.answer


@pytest.mark.parametrize("question", UNANSWERABLE)
def test_a_question_without_an_answer_is_refused(library: Library, question: str) -> None:
    response = library.ask(question)
    assert response.refused, response.answer
    assert "5 files and 2 commits" in response.answer


def test_every_answer_is_short_and_every_sentence_cited(library: Library) -> None:
    for question, _ in ANSWERABLE:
        response = library.ask(question)
        assert len(response.answer) <= 1_200
        assert all(sentence.citations for sentence in response.sentences)
        assert {c for s in response.sentences for c in s.citations} == set(response.citations)


@pytest.mark.parametrize("question", ['" OR NOT *', "x" * 100_000, "retry\0queue", "a AND (b"])
def test_odd_input_is_answered_or_refused(library: Library, question: str) -> None:
    assert library.ask(question).answer


def test_the_golden_set_is_balanced_and_well_formed() -> None:
    golden = load_golden(GOLDEN)
    assert len({one.id for one in golden}) == len({one.question for one in golden}) == len(golden)
    for half in ("A", "B"):
        of_half = [one for one in golden if one.half == half]
        assert sum(not one.accept for one in of_half) >= 10
        assert sum(bool(one.accept) for one in of_half) >= 20

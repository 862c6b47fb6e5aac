"""The daemon's application over HTTP, without its socket: routes, bodies, errors, streams."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from dustlocal import __version__, api, config
from dustlocal.daemon import server
from dustlocal.daemon.app import create_app
from dustlocal.daemon.events import EventStream
from dustlocal.daemon.lifecycle import claim
from dustlocal.daemon.process import Process
from dustlocal.daemon.service import Service


@dataclass
class Door:
    """The application, as a client that speaks HTTP sees it."""

    http: httpx.AsyncClient
    service: Service
    stream: EventStream
    stopped: list[bool] = field(default_factory=list)

    async def post(self, path: str, message: Any, kind: Any = dict) -> Any:
        response = await self.http.post(path, content=msgspec.json.encode(message))
        assert response.status_code == 200, response.text
        return msgspec.json.decode(response.content, type=kind)

    async def events(self, path: str, message: Any) -> list[api.Event]:
        response = await self.http.post(path, content=msgspec.json.encode(message))
        lines = [line for line in response.text.splitlines() if line.startswith("data: ")]
        return [msgspec.json.decode(line[6:], type=api.Event) for line in lines]


Test = Callable[[Door], Awaitable[None]]


@pytest.fixture
def run(home: Any) -> Callable[[Test], None]:
    """Run a test with the application of a home of its own."""

    def run(test: Test) -> None:
        asyncio.run(asyncio.wait_for(_with_door(home, test), 60))

    return run


async def _with_door(home: Any, test: Test) -> None:
    lock = claim(home.places)
    assert lock is not None
    try:
        stream = EventStream()
        settings = config.load(home.places.config_file).settings
        process = await asyncio.to_thread(Process, "ingest")
        async with server.assembled(home.places, settings, process, stream) as service:
            stopped: list[bool] = []
            app = create_app(service, stream, lambda: stopped.append(True))
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app, raise_app_exceptions=False),
                base_url="http://dustlocal",
                headers={api.VERSION_HEADER: __version__},
            ) as http:
                await test(Door(http, service, stream, stopped))
    finally:
        lock.release()


def scope(project: Path, *, add: bool = True) -> api.Scope:
    return api.Scope(path=str(project), add=add)


def test_a_search_adds_the_repository_and_says_so(run: Any, project: Path) -> None:
    async def test(door: Door) -> None:
        request = api.SearchRequest(query="kindle the lamp at dusk", scope=scope(project))
        first = await door.post("/v1/search", request, api.SearchResponse)
        assert first.added == "lighthouse"
        assert first.searched == ("lighthouse",)
        assert first.hits[0].path == "src/beacon.py"
        assert first.hits[0].start_line >= 1
        assert first.coverage.indexed == 3
        second = await door.post("/v1/search", request, api.SearchResponse)
        assert second.added == ""

    run(test)


def test_an_answer_cites_what_is_there(run: Any, project: Path) -> None:
    async def test(door: Door) -> None:
        request = api.AskRequest(question="why is the lamp lit at dusk?", scope=scope(project))
        answer = await door.post("/v1/ask", request, api.AskResponse)
        assert not answer.refused
        assert {citation.path for citation in answer.citations} == {"src/beacon.py"}
        assert answer.added == "lighthouse"

    run(test)


def test_a_subtree_hides_the_rest(run: Any, project: Path) -> None:
    async def test(door: Door) -> None:
        await door.post("/v1/sources/add", api.AddRequest(path=str(project)))
        await door.events("/v1/prepare", api.PrepareRequest(scope=scope(project)))
        below = api.Scope(sources=(str(project / "src"),))
        request = api.SearchRequest(query="keeper winds the clockwork lamp", scope=below)
        found = await door.post("/v1/search", request, api.SearchResponse)
        assert found.hits
        assert all(hit.path.startswith("src/") for hit in found.hits)

    run(test)


def test_indexing_streams_progress_and_ends_complete(run: Any, project: Path) -> None:
    async def test(door: Door) -> None:
        request = api.IndexRequest(scope=scope(project))
        *events, last = await door.events("/v1/index", request)
        assert last == api.Finished()
        assert api.SourceChanged(source="lighthouse", what="added", detail=str(project)) in events
        phases = {event.phase for event in events if isinstance(event, api.Progress)}
        assert {"files", "vectors"} <= phases
        (source,) = msgspec.json.decode(
            (await door.http.get("/v1/sources")).content, type=tuple[api.SourceInfo, ...]
        )
        assert (source.state, source.coverage.indexed) == ("ready", 3)
        assert (source.coverage.vectors_pending, source.coverage.commits) == (0, 1)

    run(test)


def test_a_failing_stream_ends_with_the_error(run: Any, tmp_path: Path) -> None:
    async def test(door: Door) -> None:
        (tmp_path / "plain").mkdir()
        (last,) = await door.events("/v1/index", api.IndexRequest(scope=scope(tmp_path / "plain")))
        assert isinstance(last, api.Failed)
        assert (last.code, "dustlocal add" in last.hint) == ("ScopeError", True)

    run(test)


def test_removing_a_source_forgets_it(run: Any, project: Path) -> None:
    async def test(door: Door) -> None:
        await door.post("/v1/sources/add", api.AddRequest(path=str(project)))
        await door.events("/v1/prepare", api.PrepareRequest(scope=scope(project)))
        gone = await door.post(
            "/v1/sources/remove", api.RemoveRequest(source="lighthouse"), api.SourceInfo
        )
        assert gone.root == str(project)
        assert (await door.http.get("/v1/sources")).json() == []
        assert not list((door.service.places.index).glob("*lighthouse*"))

    run(test)


def test_trust_makes_a_repositorys_settings_count(run: Any, project: Path) -> None:
    async def test(door: Door) -> None:
        (project / ".dustlocal").mkdir()
        (project / ".dustlocal" / "config.toml").write_text('[index]\nexclude = ["*.md"]\n')
        await door.events("/v1/index", api.IndexRequest(scope=scope(project), lexical=True))
        state = next(iter(door.service.indexing.states.values()))
        assert state.chosen.index.exclude == ()
        trusted = await door.post(
            "/v1/trust", api.TrustRequest(source="lighthouse"), api.TrustResponse
        )
        assert trusted.paths == (".dustlocal/config.toml",)
        await door.events("/v1/index", api.IndexRequest(scope=scope(project), lexical=True))
        assert state.chosen.index.exclude == ("*.md",)
        request = api.SearchRequest(query="keeper winds the clockwork", scope=scope(project))
        found = await door.post("/v1/search", request, api.SearchResponse)
        assert "README.md" not in {hit.path for hit in found.hits}

    run(test)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/search", b"not json", 400, "RequestInvalid"),
        ("/v1/search", b'{"query": 3}', 400, "RequestInvalid"),
        ("/v1/search", b"\xff\xfe", 400, "RequestInvalid"),
        ("/v1/search", b'{"query": "x", "scope": {}}', 404, "ScopeError"),
        ("/v1/ask", b'{"question": "  ", "scope": {"everywhere": true}}', 400, "QueryError"),
        ("/v1/sources/add", b'{"path": "/no/such/folder"}', 404, "SourceNotFound"),
        ("/v1/sources/remove", b'{"source": "nope"}', 404, "ScopeError"),
        ("/v1/nowhere", b"{}", 404, "RequestInvalid"),
        ("/v1/status", b"{}", 405, "RequestInvalid"),
    ],
)
def test_a_bad_request_is_answered_with_the_error(
    run: Any, path: str, body: bytes, status: int, code: str
) -> None:
    async def test(door: Door) -> None:
        response = await door.http.post(path, content=body)
        assert (response.status_code, response.json()["code"]) == (status, code)
        assert response.headers[api.VERSION_HEADER] == __version__

    run(test)


def test_a_body_over_the_limit_is_refused_announced_or_not(run: Any) -> None:
    async def pieces() -> Any:
        for _ in range(20):
            yield b"x" * 100_000

    async def test(door: Door) -> None:
        for body in (b"x" * (api.MAX_BODY_BYTES + 1), pieces()):
            response = await door.http.post("/v1/search", content=body)
            assert (response.status_code, response.json()["code"]) == (413, "RequestTooLarge")

    run(test)


def test_a_query_of_100_kb_with_every_operator_is_searched(run: Any, project: Path) -> None:
    async def test(door: Door) -> None:
        query = ('"lamp" AND NEAR(dusk*) OR -x:y ^ {} \x00 \' ' * 3_000)[:100_000]
        request = api.SearchRequest(query=query, scope=scope(project))
        found = await door.post("/v1/search", request, api.SearchResponse)
        assert found.hits

    run(test)


def test_another_version_is_refused_but_may_say_hello_and_stop(run: Any) -> None:
    async def test(door: Door) -> None:
        other = {api.VERSION_HEADER: "0.0.9"}
        refused = await door.http.get("/v1/status", headers=other)
        assert (refused.status_code, refused.json()["code"]) == (409, "VersionMismatch")
        assert (await door.http.get("/v1/hello", headers=other)).json()["version"] == __version__
        assert not door.stopped
        assert (await door.http.post("/v1/shutdown", headers=other)).status_code == 200
        assert door.stopped

    run(test)


def test_a_bug_is_logged_and_its_values_stay_inside(
    run: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(door: Door) -> None:
        async def fail(*_: Any, **__: Any) -> None:
            raise RuntimeError("value: hunter2")

        object.__setattr__(door.service.indexing, "states", None)
        response = await door.http.get("/v1/sources")
        assert (response.status_code, response.json()["code"]) == (500, "InternalError")
        assert "NoneType" not in response.text
        object.__setattr__(door.service.indexing, "states", {})

    run(test)


def test_closing_the_stream_ends_its_listeners(run: Any) -> None:
    async def test(door: Door) -> None:
        listening = asyncio.create_task(door.http.get("/v1/events"))
        while not door.stream._listeners:
            await asyncio.sleep(0)
        door.stream.publish(api.SourceChanged(source="x", what="refreshed"))
        door.stream.close()
        response = await listening
        assert '"source-changed"' in response.text

    run(test)


def test_a_damaged_index_is_rebuilt_and_the_question_answered(run: Any, project: Path) -> None:
    async def test(door: Door) -> None:
        request = api.SearchRequest(query="lighthouse", scope=scope(project))
        before = await door.post("/v1/search", request, api.SearchResponse)
        (shard,) = (
            path
            for path in Path(door.service.places.index).glob("*.db")
            if path.name != "catalog.db"
        )
        for side in (shard.with_name(f"{shard.name}-wal"), shard.with_name(f"{shard.name}-shm")):
            side.unlink(missing_ok=True)
        content = shard.read_bytes()
        shard.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
        door.service.queries.index.close()
        after = await door.post("/v1/search", request, api.SearchResponse)
        assert [hit.path for hit in after.hits] == [hit.path for hit in before.hits] != []

    run(test)

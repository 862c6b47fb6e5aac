"""`dustlocal doctor`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from dustlocal import api, inprocess
from dustlocal.cli import output
from dustlocal.cli.scope import connect
from dustlocal.errors import DaemonUnreachable, DustLocalError
from dustlocal.paths import places

if TYPE_CHECKING:
    from dustlocal.doctor import Finding

_COLOURS = {"ok": "green", "notice": "yellow", "trouble": "red"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per check.")
def doctor_command(as_json: bool) -> int:
    """Check everything that can be wrong on this machine, with the fix for each.

    Exit code 3 when something is in trouble; a notice is no trouble. Nothing is started.
    """
    troubled = False
    for finding in _findings():
        troubled = troubled or finding["verdict"] == "trouble"
        if as_json:
            output.write_json(finding)
        else:
            _write(finding)
    sys.stdout.flush()
    return 3 if troubled else 0


def _findings() -> Iterator[dict[str, str]]:
    for finding in inprocess.examine(places()):
        yield _row(finding)
    yield from _daemon_findings()


def _row(finding: Finding) -> dict[str, str]:
    return {
        "check": finding.check,
        "verdict": finding.verdict.value,
        "found": finding.found,
        "fix": finding.fix,
    }


def _daemon_findings() -> Iterator[dict[str, str]]:
    """What only a running daemon can tell: its version, and how its sources are doing."""
    try:
        with connect(may_start=False) as client:
            status = client.status()
    except DaemonUnreachable:
        return
    except DustLocalError as error:
        yield {"check": "daemon", "verdict": "trouble", "found": str(error), "fix": error.hint}
        return
    yield {
        "check": "daemon",
        "verdict": "ok",
        "found": f"process {status.pid}, version {status.version}",
        "fix": "",
    }
    for source in status.sources:
        yield _source_finding(source)


def _source_finding(source: api.SourceInfo) -> dict[str, str]:
    verdict, found, fix = "ok", f"{source.root}: {source.state}, {source.watching}", ""
    if source.watching_reason:
        verdict, (found, _, fix) = "notice", source.watching_reason.partition(". ")
    if source.problem:
        verdict, found = "trouble", source.problem
        gone = f"bring it back, or forget it: dustlocal remove {source.name}"
        fix = gone if source.state == "missing" else "the daemon's log has the details"
    return {"check": f"source {source.name}", "verdict": verdict, "found": found, "fix": fix}


def _write(finding: dict[str, str]) -> None:
    verdict = click.style(f"{finding['verdict']:8}", fg=_COLOURS[finding["verdict"]])
    click.echo(f"{verdict}{finding['check']}: {finding['found']}")
    if finding["fix"]:
        click.echo(f"        fix: {finding['fix']}")

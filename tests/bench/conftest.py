"""Histories to measure on, and a home that is not the user's."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.history import History, NewHistory

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def users_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home that measurements must leave alone: it is not even there."""
    folder = tmp_path / "users-home"
    monkeypatch.setenv("DUSTLOCAL_HOME", str(folder))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return folder


@pytest.fixture
def new_history(tmp_path: Path) -> NewHistory:
    """Start a history in a new folder."""

    def start(name: str) -> History:
        root = tmp_path.resolve() / name
        root.mkdir()
        history = History(root)
        history.git("init", "--quiet", "--initial-branch=main")
        return history

    return start


@pytest.fixture
def clone(new_history: NewHistory) -> History:
    """Three files, and four commits after them; the last three are queries."""
    history = new_history("weather")
    history.commit(
        "Start a station that measures the weather",
        {
            "station/barometer.py": (
                "def pressure(sensor):\n"
                '    """Read the pressure of the air in hectopascal."""\n'
                "    return sensor.read() / 100\n"
            ),
            "station/thermometer.py": (
                "def temperature(sensor):\n"
                '    """Convert the raw reading of a probe to degrees."""\n'
                "    return sensor.read() * 0.5 - 40\n"
            ),
            "README.md": "# Weather\n\nA station for the garden, with a barometer.\n",
        },
    )
    history.commit("Bump version to 2", {"README.md": "# Weather 2\n"})
    history.commit(
        "Correct the barometer for the altitude",
        {"station/barometer.py": "ALTITUDE = 'zanzibar'\n"},
    )
    history.commit(
        "Let the thermometer survive a broken probe",
        {"station/thermometer.py": "BROKEN = 1\n", "station/alarm.py": "def ring(): ...\n"},
    )
    history.commit("Explain the barometer to newcomers", {"README.md": "# quetzalcoatl\n"})
    return history

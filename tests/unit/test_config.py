"""Settings: defaults, origins, and errors that name file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from dustlocal import config
from dustlocal.config_edit import set_value
from dustlocal.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_without_a_file_everything_is_a_default(file: Path) -> None:
    effective = config.load(file)
    assert effective.settings == config.Settings()
    assert {origin for _, _, origin in effective.rows()} == {"default"}
    assert effective.settings.network == "off"


def test_a_value_knows_the_file_it_comes_from(file: Path) -> None:
    file.write_text("[index]\ncommits = false\n")
    rows = {key: (value, origin) for key, value, origin in config.load(file).rows()}
    assert rows["index.commits"] == (False, str(file))
    assert rows["index.exclude"] == ((), "default")


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("[index]\nexlude = []\n", "unknown key `index.exlude`", "`index.exclude`"),
        ("netwrk = 'off'\n", "unknown key `netwrk`", "`network`"),
        ("[idnex]\n", "unknown key `idnex`", "`index`"),
        ("[index]\nmax_file_bytes = 'a lot'\n", "`index.max_file_bytes`: expected `int`", ""),
        ("[index]\nmax_file_bytes = 0\n", "`index.max_file_bytes`", ""),
        ("index = 3\n", "`index`: expected `object`", ""),
        ("network = 'perhaps'\n", "`network`", ""),
        ("a =\n", "not valid TOML: Invalid value (at line 1", ""),
        ("[index]\n\nexclude = [\n", "not valid TOML", ""),
    ],
)
def test_a_broken_file_is_an_error_with_file_and_key(
    file: Path, text: str, said: str, hint: str
) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        config.load(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert said in str(caught.value)
    assert hint in caught.value.hint


def test_a_file_that_is_not_utf8_is_an_error_with_its_line(file: Path) -> None:
    file.write_bytes(b'network = "off"\n# caf\xe9\n')
    with pytest.raises(ConfigError, match=r"line 2: not UTF-8"):
        config.load(file)


def test_a_folder_in_place_of_the_file_is_an_error(file: Path) -> None:
    file.mkdir()
    with pytest.raises(ConfigError, match="can't be read"):
        config.load(file)


def test_a_repository_adds_exclusions_and_keeps_the_users() -> None:
    user = config.IndexSettings(exclude=("*.key",), commits=False)
    content = b'[index]\nexclude = ["vendor/"]\nmax_file_bytes = 10\n'
    merged = config.merged_index(user, content, "repo/config.toml")
    assert merged.exclude == ("*.key", "vendor/")
    assert merged.max_file_bytes == 10
    assert merged.commits is False


def test_a_repository_may_not_set_what_is_the_users() -> None:
    with pytest.raises(ConfigError, match=r"repo/config.toml: unknown key `network`"):
        config.merged_index(config.IndexSettings(), b'network = "on"\n', "repo/config.toml")


@pytest.mark.parametrize(
    ("key", "value", "understood"),
    [
        ("network", "on", "on"),
        ("index.commits", "false", False),
        ("index.max_file_bytes", "2048", 2048),
        ("index.exclude", '["a b", "c"]', ["a b", "c"]),
        ("embedding.model", "/models/x.gguf", "/models/x.gguf"),
        ("embedding.model", '"quoted"', "quoted"),
    ],
)
def test_set_writes_what_load_reads(file: Path, key: str, value: str, understood: object) -> None:
    assert set_value(file, key, value) == understood
    rows = {row: found for row, found, _ in config.load(file).rows()}
    assert rows[key] == (tuple(understood) if isinstance(understood, list) else understood)
    assert file.stat().st_mode & 0o777 == 0o600


def test_set_keeps_comments_and_everything_else(file: Path) -> None:
    file.write_text(
        '# mine\nnetwork = "off"  # stays off\n\n[embedding]\n# two cores\nthreads = 2 # yes\n'
    )
    set_value(file, "embedding.threads", "1")
    set_value(file, "embedding.model", "none")
    set_value(file, "index.commits", "false")
    assert file.read_text() == (
        '# mine\nnetwork = "off"  # stays off\n\n[embedding]\n# two cores\nthreads = 1 # yes\n'
        'model = "none"\n\n[index]\ncommits = false\n'
    )


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("[index]\nexclude = [\n  'a',\n]\n", "index.exclude", "['b']"),
        ("index = { commits = true }\n", "index.commits", "false"),
        ("index.commits = true\n", "index.commits", "false"),
    ],
)
def test_set_refuses_an_edit_that_it_can_not_do_safely(
    file: Path, text: str, key: str, value: str
) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        set_value(file, key, value)
    assert "by hand" in caught.value.hint
    assert file.read_text() == text


@pytest.mark.parametrize(
    ("key", "value"),
    [("index.exlude", "[]"), ("index", "3"), ("index.commits", "maybe"), ("network", "1")],
)
def test_set_writes_nothing_that_is_not_valid(file: Path, key: str, value: str) -> None:
    with pytest.raises(ConfigError):
        set_value(file, key, value)
    assert not file.exists()


def test_every_setting_explains_itself() -> None:
    source = Path(config.__file__).read_text("utf-8")
    for key in config.known_keys():
        name = key.rpartition(".")[2]
        _, _, after = source.partition(f"    {name}: ")
        assert after.split("\n", 1)[1].lstrip().startswith('"""'), f"{key} has no docstring"

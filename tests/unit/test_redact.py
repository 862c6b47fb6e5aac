"""Planted credentials go, whatever surrounds them."""

from __future__ import annotations

import base64
import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from indexer.redact import Finding, redact, redact_report

_DATA = runpy.run_path(str(Path(__file__).parents[1] / "data" / "credentials.py"))
PLANTED: tuple[Any, ...] = _DATA["PLANTED"]
PASSWORD: str = _DATA["PASSWORD"]
private_key = _DATA["private_key"]

CONTEXTS = {
    "python": ("settings.py", 'import os\n\n{upper} = "{secret}"\n'),
    "python keyword": ("app.py", "client = Client(region, {name}='{secret}', retries=3)\n"),
    "go": ("main.go", 'const {camel} string = "{secret}"\n'),
    "environ": ("run.py", 'os.environ["{upper}"] = "{secret}"\n'),
    "yaml": ("deploy.yaml", "service:\n  {name}: {secret}\n  replicas: 2\n"),
    "json": ("config.json", '{{"{camel}": "{secret}", "debug": true}}\n'),
    "toml": ("config.toml", '[service]\n{name} = "{secret}"\n'),
    "ini": ("app.cfg", "[service]\n{name}={secret}\n"),
    "shell": ("run.sh", "export {upper}={secret}\n./run\n"),
    "dotenv": (".env.local", "DEBUG=1\n{upper}={secret}\n"),
    "dockerfile": ("Dockerfile", "FROM scratch\nENV {upper} {secret}\n"),
    "xml": ("config.xml", "<a><{camel}>{secret}</{camel}></a>\n"),
    "attribute": ("web.config", '<add key="{camel}" value="{secret}" />\n'),
    "prose": ("", "It fails since the {words} is {secret}, why?"),
    "question": ("", "why does {words} {secret} not work"),
    "commit": ("", "Remove the leaked {words} {secret}\n\nIt was rotated on Monday.\n"),
    "log": ("", "2026-11-21 10:00:00 ERROR denied {name}={secret} status=403"),
    "escaped": ("dump.json", '{{"body": "{{\\"{name}\\": \\"{secret}\\"}}"}}\n'),
    "query": ("notes.md", "See https://api.test/v1/items?{name}={secret}&page=2 for it.\n"),
    "header": ("notes.md", "curl -H 'X-{dashed}: {secret}' https://api.test/\n"),
    "bearer": ("test.http", "GET /v1\nAuthorization: Bearer {secret}\n"),
    "option": ("README.md", "    tool --{dashed} {secret} push\n"),
}


def _render(template: str, planted: Any) -> str:
    name = planted.variable
    camel = name.split("_")[0] + "".join(map(str.title, name.split("_")[1:]))
    return template.format(
        name=name,
        upper=name.upper(),
        camel=camel,
        dashed=name.replace("_", "-"),
        words=name.replace("_", " "),
        secret=planted.secret,
    )


def test_planted_set_has_more_than_36_kinds() -> None:
    assert len({planted.kind for planted in PLANTED}) == len(PLANTED) >= 36


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.kind)
def test_planted_credential_goes_in_every_context(planted: Any, context: str) -> None:
    path, template = CONTEXTS[context]
    text = _render(template, planted)
    redacted = redact(text, path)
    assert planted.secret not in redacted
    assert planted.secret[8:] not in redacted
    assert "[redacted:" in redacted
    assert redacted.count("\n") == text.count("\n")


@pytest.mark.parametrize("label", ["RSA", "EC", "DSA", "OPENSSH", "", "ENCRYPTED", "PGP"])
@pytest.mark.parametrize("indent", ["", "    ", "> ", "+", "# "])
def test_private_key_goes_with_its_line_breaks_kept(label: str, indent: str) -> None:
    key = private_key(label)
    quoted = "\n".join(indent + line for line in key.split("\n"))
    text = f"before\n{quoted}\nafter = 1\n"
    redacted, findings = redact_report(text, "deploy.yaml")
    lines = redacted.split("\n")
    assert lines[0] == "before" and lines[-2] == "after = 1"
    assert len(lines) == len(text.split("\n"))
    assert lines[1] == indent + "[redacted:private-key]"
    assert not any(lines[2:-2])
    assert findings == [Finding("private-key", 2)]


def test_private_key_without_end_goes_up_to_its_last_line_of_base64() -> None:
    torn = private_key("RSA").split("\n")[:-1]
    redacted = redact("\n".join(["x = 1", *torn, "The rest of the log is fine."]))
    assert redacted.split("\n") == ["x = 1", "[redacted:private-key]", *[""] * (len(torn) - 1),
                                    "The rest of the log is fine."]  # fmt: skip


def test_private_key_on_one_line_goes() -> None:
    key = private_key("") + "\n"
    text = json.dumps({"type": "service_account", "private_key": key, "client_id": "1"})
    redacted = redact(text, "sa.json")
    assert json.loads(redacted)["private_key"].startswith("[redacted:private-key]")
    assert key.split("\n")[3] not in redacted
    torn = text[: len(text) // 2]
    assert key.split("\n")[2] not in redact(torn)


def test_private_key_as_joined_strings_goes() -> None:
    text = "\n".join(f'    "{line}\\n" +' for line in private_key("EC").split("\n"))
    redacted = redact("const key =\n" + text + "\n    '';\n", "key.js")
    assert not any(line in redacted for line in private_key("EC").split("\n"))
    assert redacted.endswith("    '';\n")


def test_private_key_in_base64_goes() -> None:
    encoded = base64.b64encode(private_key("RSA").encode()).decode()
    assert encoded[40:80] not in redact(f"tls.key: {encoded}\n", "tls.yaml")


def test_certificates_and_public_keys_stay() -> None:
    text = private_key("").replace("PRIVATE KEY", "CERTIFICATE")
    assert redact(text, "ca.pem") == text
    text = private_key("").replace("PRIVATE KEY", "PUBLIC KEY")
    assert redact(text, "id.pub") == text


def test_code_that_only_names_the_armour_stays() -> None:
    rule = "-" * 5
    text = (
        f'if s.startswith("{rule}BEGIN PRIVATE KEY{rule}"):\n'
        f'    end = s.find("{rule}END PRIVATE KEY{rule}")\n    return s[:end]\n'
    )
    assert redact(text, "armour.py") == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("postgres://app:{}@db.test:5432/shop", "postgres://app:[redacted:url-password]@db.test:5432/shop"),
        ("mysql+pymysql://root:{}@127.0.0.1/x", "mysql+pymysql://root:[redacted:url-password]@127.0.0.1/x"),
        ("mongodb+srv://u:{}@c0.test/?w=1", "mongodb+srv://u:[redacted:url-password]@c0.test/?w=1"),
        ("redis://:{}@cache:6379/0", "redis://:[redacted:url-password]@cache:6379/0"),
        ("amqp://svc:{}@mq:5672", "amqp://svc:[redacted:url-password]@mq:5672"),
        ("https://ada:{}@git.test/r.git", "https://ada:[redacted:url-password]@git.test/r.git"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("frame", ["{}", 'URL = "{}"', "url: {}", "fetch {} failed", "DSN={}"])
@pytest.mark.parametrize("password", [PASSWORD, "pl@in" + "word", "s3cret/" + "x1"])
def test_url_loses_its_password_only(before: str, after: str, frame: str, password: str) -> None:
    assert redact(frame.format(before.format(password))) == frame.format(after)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".netrc", "machine api.test\n  login ada\n  password {}\n"),
        ("notes.md", "machine api.test login ada password {}\n"),
        (".npmrc", "//registry.test/:_authToken={}\n"),
        (".npmrc", "_auth={}\n"),
        (".pypirc", "[pypi]\nusername = ada\npassword = {}\n"),
        (".pgpass", "db.test:5432:*:ada:{}\n"),
        ("config.json", '{{"db": {{"password": "{}"}}}}'),
        ("app.yaml", "password: {}\n"),
        ("app.yaml", "db: {{user: ada, password: '{}'}}\n"),
        ("settings.ini", "[db]\nDB_PASS = {}\n"),
        ("app.properties", "spring.datasource.password={}\n"),
        ("terraform.tfvars", 'db_password = "{}"\n'),
        ("web.config", '<add connectionString="Server=db;User Id=sa;Password={};" />'),
        ("settings.py", 'DATABASE = dict(user="ada", password="{}")\n'),
        (".env", "DB_PASSWORD={}\n"),
        (".env", 'SMTP_PASS="{}" # the relay\n'),
        ("prod.env", "export ADMIN_PWD='{}'\n"),
        ("run.sh", "curl -u ada:{} https://api.test/\n"),
        ("README.md", "    curl -s --user 'ada:{}' https://api.test/\n"),
        ("run.sh", "mysql -h db -u root -p{} shop\n"),
        ("run.sh", "sshpass -p '{}' ssh ada@host\n"),
        ("run.sh", "tool --password {} --verbose\n"),
        ("", "the password is {}."),
        ("", "login failed: password={} user=ada"),
    ],
)
def test_chosen_password_goes_where_one_is_expected(path: str, text: str) -> None:
    redacted = redact(text.format(PASSWORD), path)
    assert PASSWORD not in redacted and PASSWORD[:7] not in redacted
    assert "[redacted:" in redacted


def test_basic_auth_and_docker_config_go() -> None:
    encoded = base64.b64encode(f"ada:{PASSWORD}".encode()).decode()
    assert encoded not in redact(f"Authorization: Basic {encoded}\n")
    docker = json.dumps({"auths": {"https://index.docker.test/v1/": {"auth": encoded}}}, indent=1)
    assert encoded not in redact(docker, "config.json")


def test_kubernetes_secret_loses_its_values_and_keeps_its_keys() -> None:
    value = base64.b64encode(b"plainword").decode()
    text = (
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n"
        f"data:\n  url: {value}\n  user: {value}\ntype: Opaque\n"
    )
    assert redact(text, "k8s/secret.yaml") == text.replace(value, "[redacted:kubernetes-secret]")


def test_webhooks_lose_their_path() -> None:
    slack = (
        "https://hooks.slack" + ".com/services/T0ABCDEF1/B0ABCDEF2/" + "q1W2e3R4t5Y6u7I8o9P0aSdF"
    )
    discord = "https://discord" + ".com/api/webhooks/917283645546372819/" + "aB3-_" * 13
    redacted = redact(f"notify: {slack}\nthen {discord}\n", "ci.yaml")
    assert "q1W2e3" not in redacted and "aB3-_aB3" not in redacted
    assert "hooks.slack.com" in redacted and "discord.com/api/webhooks" in redacted


def test_azure_connection_string_keeps_its_account() -> None:
    key = next(p.secret for p in PLANTED if p.kind == "azure-storage-key")
    text = (
        f"DefaultEndpointsProtocol=https;AccountName=shop;AccountKey={key};EndpointSuffix=core.test"
    )
    assert redact(text) == text.replace(key, "[redacted:azure-storage-key]")


def test_secret_beside_an_access_key_goes_under_any_name() -> None:
    access, secret = (p.secret for p in PLANTED[:2])
    assert secret not in redact(f"creds {access} / {secret}")


def test_findings_name_rule_and_line_but_never_the_value() -> None:
    token = next(p.secret for p in PLANTED if p.kind == "github-pat")
    text = f"one\ntwo {token}\nthree\nfour {token}\n"
    redacted, findings = redact_report(text)
    assert findings == [Finding("github-token", 2), Finding("github-token", 4)]
    assert redacted == text.replace(token, "[redacted:github-token]")

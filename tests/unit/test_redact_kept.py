"""What only resembles a credential is left exactly as it is."""

from __future__ import annotations

import base64
import hashlib
import uuid

import pytest

from indexer.redact import redact

_SHA1 = hashlib.sha1(b"dust", usedforsecurity=False).hexdigest()
_SHA256 = hashlib.sha256(b"dust").hexdigest()
_SHA512 = base64.b64encode(hashlib.sha512(b"dust").digest()).decode()
_UUID = str(uuid.UUID(_SHA256[:32]))
_IMAGE = base64.b64encode(hashlib.shake_256(b"png").digest(3000)).decode()

KEPT = {
    "git sha": f"Revert commit {_SHA1} (see also {_SHA1[:9]})",
    "git object": f"100644 blob {_SHA256}\tsrc/token.py",
    "action pinned to a sha": f"      - uses: actions/auth@{_SHA1} # v4\n",
    "uuid": f'request_id = "{_UUID}"  # {_UUID}',
    "token id": f"token_id: {_UUID}\nkey_id: {_UUID}\n",
    "checksum": f'sha256 = "{_SHA256}"\nchecksum: {_SHA256}\ntoken_sha256: {_SHA256}\n',
    "digest": f"FROM python:3.11@sha256:{_SHA256}\n",
    "integrity": f'"js-tokens": {{"version": "4.0.0", "integrity": "sha512-{_SHA512}"}}',
    "go.sum": f"github.com/golang-jwt/token v1.2.3 h1:{_SHA512[:43]}=\n",
    "uv hash": f'{{ url = "https://files.test/t/secretstorage.whl", hash = "sha256:{_SHA256}" }}',
    "pip hash": f"keyring==25.0 --hash=sha256:{_SHA256}",
    "data uri": f"![key](data:image/png;base64,{_IMAGE})",
    "base64 image": f'IMAGE = "{_IMAGE}"',
    "minified": "function aT(e,t){var n=e.token,r=t.key;return n.auth=r,a1b2C3d4E5.pass(n)}",
    "snake_case": "def test_token_authentication_with_expired_secret_key_2_times():",
    "camelCase": "const token = createAccessTokenFromRefreshTokenV2(request)",
    "call": "token = tokenizer.next_token()\n",
    "form": 'password = request.form["password"]\n',
    "none": "secret_key=None, password=None, token=True\n",
    "annotation": "def login(password: str, token: Optional[SecretStr] = None) -> AuthResult2FA:",
    "flask docs": 'SECRET_KEY = "dev"\napp.secret_key = b"dev"\n',
    "environ": 'API_KEY = os.environ["SERVICE_API_KEY_V2"]\nsecret = os.getenv("APP_SECRET_1")\n',
    "process.env": "const apiKey = process.env.STRIPE_API_KEY_2024;\n",
    "url": "https://docs.test:8080/auth/token?page=2#access-key",
    "scoped package": "http://localhost:4873/@babel/core/-/core-7.1.0.tgz",
    "scp": "git@github.test:org/secret-token.git ssh://git@host:22/a",
    "image tag": f"docker://alpine:3.18@sha256:{_SHA256}",
    "url template": "postgres://{user}:{password}@{host}/x https://$USER:$PASS@h https://<u>:<p>@h",
    "f-string": 'headers = {"Authorization": f"Bearer {token}"}\n',
    "bearer prose": "the Bearer authentication scheme; use Basic authentication instead",
    "version": "auth: 2.10.1\ntoken: v1.2.3-beta4\nsecret_key: 2026-11-21T10:00:00Z\n",
    "number": "max_tokens = 4096\ntoken_limit: 128000\nkey: 1234567890\n",
    "path": "SSL_KEY = /etc/ssl/private/server-2024-key1.pem\nkey_file: ./certs/api_key2.json\n",
    "cache key": 'cache_key = "user:1234:profile:v2:abcdef"\n',
    "list of names": '"authToken",\n"passwordHash2FA",\n"AccessTokenV2Key",\n',
    "arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-Ab12Cd",
    "prose": "The password must be at least 12 characters; the token expires after 3600s.",
    "prose ending": "Pass the token, secret and key. Passwords are hashed with scrypt:32768:8:1.",
    "translation": '{"password": "Mot de passe", "token": "Jeton", "secret": "Geheimnis"}',
    "openapi": "password:\n  type: string\n  format: password\n",
    "commander": "program.option('-p, --password <password>', 'the password of the user')",
    "css": ".token.keyword{color:#07a}.auth-form>input[type=password]{width:100%}",
    "sql": "CREATE TABLE t (password varchar(255) NOT NULL, token_hash char(64));",
}


@pytest.mark.parametrize("path", ["", "a.py", "a.md", "a.js"])
@pytest.mark.parametrize("kind", KEPT)
def test_lookalike_stays(kind: str, path: str) -> None:
    assert redact(KEPT[kind], path) == KEPT[kind]


PLACEHOLDERS = [
    '""', "''", '"changeme"', '"change-me-1"', '"your-password"', '"your_api_key_here_123"',
    '"xxx"',
    '"xxxxxxxx-XXXX-1"', '"<token>"', '"<YOUR-API-KEY-1>"', '"${API_TOKEN_1}"', '"{{ vault_pw2 }}"',
    '"%(password)s"', '"$DB_PASSWORD_2"', '"****"', '"…"', "null", "None", "true", '"example1"',
    '"REPLACE_ME_2"', '"[redacted:secret]"', 'os.environ["PASSWORD_1"]', "getpass.getpass()",
    "settings.SECRET_2", "!vault |", "str", "string", '"some-example-Secret1"',
]  # fmt: skip


@pytest.mark.parametrize("path", ["", "a.py", "a.yaml", "a.toml", "a.json"])
@pytest.mark.parametrize("name", ["password", "api_token", "SECRET_KEY", '"access_key"'])
@pytest.mark.parametrize("value", PLACEHOLDERS)
def test_placeholder_stays(value: str, name: str, path: str) -> None:
    for text in (f"{name} = {value}\n", f"{name}: {value}\n"):
        assert redact(text, path) == text


@pytest.mark.parametrize("name", ["poetry.lock", "package-lock.json", "go.sum", "uv.lock"])
def test_lock_file_stays(name: str) -> None:
    text = f'"token": "{_SHA1}",\n"auth-secret": "{_SHA512}"\n'
    assert redact(text, f"web/{name}") == text


def test_settings_of_an_environment_file_stay() -> None:
    text = (
        "# TOKEN=old\nDEBUG=true\nPORT=8080\nSECRET_KEY=\nTOKEN_TTL=3600\nAPI_KEY=${OTHER}\n"
        f"AUTH_URL=https://auth.test/x\nGIT_SHA={_SHA1}\nTENANT={_UUID}\nKEY_FILE=/run/key.pem\n"
    )
    assert redact(text, ".env") == text

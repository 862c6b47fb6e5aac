"""A planted credential of each kind, for tests that look for its bytes where none may be.

Every value is put together at run time from parts and a seeded generator: no scanner, ours
included, finds a credential in this file. Load it with `runpy.run_path(...)["PLANTED"]`.
"""

from __future__ import annotations

import base64
import random
import string
from typing import NamedTuple

_ALNUM = string.ascii_letters + string.digits
_URL_SAFE = _ALNUM + "_-"
_BASE64 = _ALNUM + "+/"
_HEX = "0123456789abcdef"
_UPPER = string.ascii_uppercase + string.digits


class Planted(NamedTuple):
    """A credential: the variable and the words people call it by, the bytes that must go."""

    kind: str
    variable: str
    secret: str


def _made(kind: str, size: int, alphabet: str = _ALNUM, part: int = 0) -> str:
    return "".join(random.Random(f"{kind}/{part}").choices(alphabet, k=size))


def _prefixed(kind: str, variable: str, prefix: str, size: int, alphabet: str = _ALNUM) -> Planted:
    return Planted(kind, variable, prefix + _made(kind, size, alphabet))


def _uuid(kind: str) -> str:
    return "-".join(_made(kind, n, _HEX, part=n * i) for i, n in enumerate((8, 4, 4, 4, 12), 1))


def _base64url(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _jwt() -> str:
    head = _base64url('{"alg":"HS256","typ":"JWT"}')
    body = _base64url('{"sub":"1182736455","name":"Ada","iat":1716239022}')
    return ".".join((head, body, _made("jwt", 43, _URL_SAFE)))


def _discord_token() -> str:
    identity = _base64url("917283645546372819")
    return ".".join((identity, _made("d", 6, _URL_SAFE), _made("discord", 38, _URL_SAFE)))


PLANTED: tuple[Planted, ...] = (
    _prefixed("aws-access-key", "aws_access_key_id", "AK" + "IA", 16, _UPPER),
    Planted("aws-secret-key", "aws_secret_access_key", _made("aws-secret", 40, _BASE64)),
    Planted("aws-session-token", "aws_session_token", "IQoJ" + _made("aws-session", 300, _BASE64)),
    _prefixed("gcp-api-key", "gcp_api_key", "AI" + "za", 35, _URL_SAFE),
    _prefixed("google-oauth-secret", "google_client_secret", "GOC" + "SPX-", 28, _URL_SAFE),
    Planted("azure-storage-key", "azure_account_key", _made("azure", 86, _BASE64) + "=="),
    Planted("azure-client-secret", "azure_client_secret",
            _made("az", 3) + "8" + "Q~" + _made("azure-client", 34, _URL_SAFE)),
    _prefixed("github-pat", "github_token", "gh" + "p_", 36),
    _prefixed("github-oauth", "github_oauth_token", "gh" + "o_", 36),
    _prefixed("github-user", "github_user_token", "gh" + "u_", 36),
    _prefixed("github-app", "github_app_token", "gh" + "s_", 36),
    _prefixed("github-refresh", "github_refresh_token", "gh" + "r_", 76),
    Planted("github-fine-grained", "github_pat",
            "github" + "_pat_" + _made("fg", 22) + "_" + _made("fine", 59)),
    _prefixed("gitlab-pat", "gitlab_token", "gl" + "pat-", 20, _URL_SAFE),
    _prefixed("gitlab-deploy", "gitlab_deploy_token", "gl" + "dt-", 20, _URL_SAFE),
    _prefixed("gitlab-runner", "gitlab_runner_token", "gl" + "rt-", 20, _URL_SAFE),
    _prefixed("bitbucket", "bitbucket_app_password", "AT" + "BB", 32),
    Planted("slack-bot", "slack_bot_token",
            "xo" + "xb-" + "-".join((_made("s1", 12, string.digits), _made("s2", 12, string.digits),
                                     _made("slack", 24)))),
    Planted("slack-user", "slack_user_token",
            "xo" + "xp-" + "-".join((_made("u1", 12, string.digits), _made("u2", 12, string.digits),
                                     _made("slack-user", 32, _HEX)))),
    Planted("slack-app", "slack_app_token",
            "xa" + "pp-1-A" + _made("sa", 10, _UPPER) + "-" + _made("sb", 13, string.digits) + "-"
            + _made("slack-app", 64, _HEX)),
    Planted("discord", "discord_bot_token", _discord_token()),
    _prefixed("stripe-live", "stripe_key", "sk" + "_live_", 24),
    _prefixed("stripe-restricted", "stripe_restricted_key", "rk" + "_live_", 24),
    _prefixed("stripe-test", "stripe_test_key", "sk" + "_test_", 24),
    _prefixed("twilio-key", "twilio_api_key", "S" + "K", 32, _HEX),
    Planted("twilio-auth-token", "twilio_auth_token", _made("twilio-auth", 32, _HEX)),
    Planted("sendgrid", "sendgrid_api_key",
            "S" + "G." + _made("sg", 22, _URL_SAFE) + "." + _made("sendgrid", 43, _URL_SAFE)),
    _prefixed("mailgun", "mailgun_api_key", "ke" + "y-", 32, _HEX),
    Planted("mailchimp", "mailchimp_api_key", _made("mailchimp", 32, _HEX) + "-us" + "12"),
    _prefixed("npm", "npm_token", "np" + "m_", 36),
    _prefixed("pypi", "pypi_token", "py" + "pi-AgEIcHlwaS5vcmc", 120, _URL_SAFE),
    _prefixed("docker-hub", "docker_token", "dckr" + "_pat_", 27, _URL_SAFE),
    _prefixed("huggingface", "huggingface_token", "h" + "f_", 34, string.ascii_letters),
    _prefixed("openai", "openai_api_key", "sk" + "-proj-", 120, _URL_SAFE),
    Planted("openai-legacy", "openai_api_key",
            "s" + "k-" + _made("oa", 20) + "T3Blbk" + "FJ" + _made("openai", 20)),
    _prefixed("anthropic", "anthropic_api_key", "sk" + "-ant-api03-", 95, _URL_SAFE),
    _prefixed("digitalocean", "digitalocean_token", "dop" + "_v1_", 64, _HEX),
    Planted("heroku", "heroku_api_key", _uuid("heroku")),
    _prefixed("heroku-new", "heroku_api_key", "HR" + "KU-AA", 58, _URL_SAFE),
    _prefixed("linear", "linear_api_key", "lin" + "_api_", 40),
    _prefixed("notion", "notion_token", "nt" + "n_", 46),
    _prefixed("notion-legacy", "notion_token", "sec" + "ret_", 43),
    _prefixed("shopify", "shopify_token", "shp" + "at_", 32, _HEX),
    Planted("telegram", "telegram_bot_token",
            "716253" + "4455:" + "A" + "A" + _made("telegram", 33, _URL_SAFE)),
    _prefixed("databricks", "databricks_token", "da" + "pi", 32, _HEX),
    _prefixed("vault", "vault_token", "hv" + "s.", 90, _URL_SAFE),
    Planted("terraform", "terraform_token",
            _made("tf", 14) + ".atlas" + "v1." + _made("terraform", 67, _URL_SAFE)),
    _prefixed("newrelic", "newrelic_api_key", "NR" + "AK-", 27, _UPPER),
    _prefixed("grafana-cloud", "grafana_token", "gl" + "c_", 80, _ALNUM),
    Planted("grafana", "grafana_token", "gl" + "sa_" + _made("gf", 32) + "_" + _made("g", 8, _HEX)),
    _prefixed("sentry", "sentry_token", "sntr" + "yu_", 64, _HEX),
    _prefixed("square", "square_token", "EA" + "AA", 60, _URL_SAFE),
    _prefixed("doppler", "doppler_token", "dp." + "pt.", 43),
    _prefixed("age", "age_key", "AGE-SECRET" + "-KEY-1", 58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"),
    Planted("jwt", "session_token", _jwt()),
    Planted("generic-hex", "client_secret", _made("hex", 40, _HEX)),
    Planted("generic-base62", "billing_api_key", _made("base62", 32)),
)  # fmt: skip

PASSWORD = "hunter2-" + "Correct!"


def private_key(label: str, lines: int = 12) -> str:
    """An armoured key of random base64, `lines` lines of 64 characters."""
    rule = "-" * 5
    body = [_made(label, 64, _BASE64, part=n) for n in range(lines)]
    end = [_made(label, 21, _BASE64) + "="]
    kind = f"{label} PRIVATE KEY".strip() + (" BLOCK" if label == "PGP" else "")
    return "\n".join([f"{rule}BEGIN {kind}{rule}", *body, *end, f"{rule}END {kind}{rule}"])

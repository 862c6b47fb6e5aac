"""The kinds of credentials that show what they are: a table of shapes.

Each shape is the vendor's own published format (the prefix is the vendor's promise to scanners).
A rule is tried only where one of its anchors stands, so a rule costs nothing in text without
them. Lengths are lower bounds with a generous end: vendors lengthen tokens, and a token must go
as a whole. Distinct prefixes need no entropy test: a redacted dummy is no loss, a kept key is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

# A token starts here: after a non-letter, or after what escaped text puts before it
# (`\n`, `%3D`, `\u003d`, the `m` that ends a terminal colour).
ESCAPED = r"(?<=\\[nrtbf])|(?<=%[0-9A-F]{2})|(?<=\\u[0-9a-f]{4})|(?<=\[[0-9]m)|(?<=\[[0-9]{2}m)"
START = rf"(?:(?<![A-Za-z0-9])|{ESCAPED})"
_HEX_BEFORE = r"(?<![0-9A-Za-z])"


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of credential.

    `pattern` is matched `back` characters before an anchor; its last group (or all of it) is what
    goes. `entropy` is the least Shannon entropy of that, in bits per character, and `accept` the
    last word on a match that only its surroundings can judge.
    """

    name: str
    anchors: tuple[str, ...]
    pattern: str
    back: int = 0
    entropy: float = 0.0
    accept: Callable[[re.Match[str]], bool] | None = None
    rank: int = 0


def _token(name: str, prefixes: str, body: str, entropy: float = 0.0, at: int = 0) -> Rule:
    """A rule for tokens that are one of the prefixes followed by `body`.

    Anchors are the prefixes without their first `at` characters, where those are so common in
    text that a scan for them would stop at every other word.
    """
    words = tuple(prefixes.split())
    pattern = rf"{START}(?:{'|'.join(map(re.escape, words))}){body}"
    return Rule(name, tuple(word[at:] for word in words), pattern, at, entropy)


_W = r"[A-Za-z0-9_-]"  # base64url
_A = r"[A-Za-z0-9]"
_H = r"[0-9a-f]"

RULES: tuple[Rule, ...] = (
    # Clouds
    _token("aws-access-key", "AKIA ASIA ABIA ACCA", r"[A-Z0-9]{12,}+(?![a-z])"),
    _token("aws-bedrock-key", "ABSK", rf"{_A}{{40,}}+={{0,2}}", 3.5),
    _token("aws-mws-key", "amzn.mws.", r"[0-9a-f-]{36}", at=4),
    _token("gcp-api-key", "AIza", rf"{_W}{{30,}}+"),
    _token("google-oauth-secret", "GOCSPX-", rf"{_W}{{20,}}+"),
    _token("google-oauth-token", "ya29.", r"[A-Za-z0-9_.-]{24,}+", 3.0, at=2),
    _token("google-refresh-token", "1//0", rf"{_W}{{30,}}+", 3.0),
    Rule(
        "azure-storage-key",
        ("AccountKey=", "SharedAccessKey="),
        r"[A-Za-z]{10,15}=([A-Za-z0-9+/]{32,}+={0,2})",
    ),
    Rule("azure-sas-signature", ("?sig=", "&sig=", ";sig="), r".sig=([A-Za-z0-9%+/=_-]{32,}+)"),
    Rule("azure-client-secret", ("Q~",), rf"{START}[\w.~-]{{3}}\dQ~[\w.~-]{{30,}}+", 4, 3.0),
    _token("alibaba-access-key", "LTAI", rf"{_A}{{16,}}+(?![A-Za-z0-9])", 3.0),
    _token("digitalocean-token", "dop_v1_ doo_v1_ dor_v1_", rf"{_H}{{32,}}+"),
    _token("heroku-api-key", "HRKU-", rf"{_W}{{30,}}+"),
    _token("flyio-token", "fo1_ fm1r_ fm2_", r"[A-Za-z0-9_+/=,-]{40,}+", 3.5),
    _token("cloudflare-origin-key", "v1.0-", rf"{_H}{{24}}-{_H}{{100,}}+"),
    _token("scaleway-key", "SCW", r"[A-Z0-9]{17}(?![A-Za-z0-9])", 3.0),
    # Forges and package registries
    _token("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", rf"{_A}{{30,}}+"),
    _token("github-fine-grained-token", "github_pat_", r"[A-Za-z0-9_]{22,}+"),
    _token(
        "gitlab-token",
        "glpat- gldt- glrt- glrtr- glcbt- glptt- glft- glsoat- glagent- glimt- gloas- glffct-",
        r"[A-Za-z0-9_.-]{20,}+",
    ),
    _token("gitlab-runner-token", "GR1348941", rf"{_W}{{20,}}+"),
    _token("bitbucket-app-password", "ATBB ATCTT3", r"[A-Za-z0-9_=-]{24,}+", 3.0),
    _token("atlassian-api-token", "ATATT3 ATSTT3", r"[A-Za-z0-9_=-]{40,}+", 3.0),
    _token("npm-token", "npm_", rf"{_A}{{32,}}+"),
    _token("pypi-token", "pypi-", rf"Ag{_W}{{30,}}+"),
    _token("rubygems-token", "rubygems_", rf"{_H}{{40,}}+"),
    _token("nuget-key", "oy2", r"[a-z0-9]{43}(?![A-Za-z0-9])", 3.5, at=1),
    _token("docker-hub-token", "dckr_pat_ dckr_oat_", rf"{_W}{{20,}}+"),
    _token("clojars-token", "CLOJARS_", r"[a-z0-9]{40,}+"),
    _token("artifactory-key", "AKCp", rf"{_A}{{59,}}+", 4.0),
    # Continuous integration, infrastructure
    _token("vault-token", "hvs. hvb. hvr.", rf"{_W}{{20,}}+"),
    Rule(
        "terraform-cloud-token", (".atlasv1.",), rf"{START}{_A}{{14}}\.atlasv1\.[\w=-]{{40,}}+", 14
    ),
    _token("pulumi-token", "pul-", rf"{_H}{{40}}"),
    _token(
        "doppler-token",
        "dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.",
        r"[A-Za-z0-9._-]{30,}+",
        at=2,
    ),
    _token("circleci-token", "CCIPAT_ CCIPRJ_", rf"{_A}{{16,}}+_{_H}{{40}}"),
    _token("buildkite-token", "bkua_", rf"{_H}{{40}}"),
    _token("sonar-token", "sqp_ squ_ sqa_", rf"{_H}{{40}}"),
    _token("tailscale-key", "tskey-", rf"[a-z]{{2,12}}-{_W}{{16,}}+"),
    _token("databricks-token", "dapi", rf"{_H}{{32}}(?:-\d)?(?![0-9A-Za-z])"),
    _token("planetscale-token", "pscale_tkn_ pscale_pw_ pscale_oauth_", r"[\w=.-]{30,}+"),
    _token("supabase-key", "sbp_ sb_secret_", rf"{_W}{{30,}}+"),
    _token("sourcegraph-token", "sgp_", r"(?:[0-9A-Fa-f]{16}_|local_)?[0-9a-fA-F]{40}"),
    _token("onepassword-token", "ops_", r"eyJ[A-Za-z0-9+/_-]{200,}+={0,3}"),
    _token("age-secret-key", "AGE-SECRET-KEY-1 AGE-SECRET-KEY-PQ-1", r"[0-9A-Za-z]{40,}+"),
    # Monitoring
    _token("newrelic-key", "NRAK- NRII- NRIQ- NRRA- NRJS- NRSP-", rf"{_W}{{19,}}+"),
    Rule("newrelic-license-key", ("NRAL",), rf"{_HEX_BEFORE}{_H}{{36}}NRAL(?!{_A})", 36),
    _token("grafana-token", "glc_", r"[A-Za-z0-9+/_=-]{32,}+"),
    _token("grafana-service-account-token", "glsa_", rf"{_A}{{30,32}}_[0-9A-Fa-f]{{8}}"),
    _token("grafana-api-key", "eyJrIjoi", r"[A-Za-z0-9+/]{40,}+={0,3}(?!\.)", at=1),
    _token("sentry-token", "sntrys_ sntryu_ sntryi_", r"[A-Za-z0-9+/=_-]{40,}+"),
    _token("dynatrace-token", "dt0c01. dt0s01. dt0s16.", r"[A-Z0-9]{24}\.[A-Z0-9]{64}", at=2),
    # Messages
    _token(
        "slack-token",
        "xoxb- xoxp- xoxa- xoxr- xoxs- xoxo- xoxc- xoxd- xoxe- xwfp-",
        r"[A-Za-z0-9%/+-]{10,}+",
    ),
    _token("slack-app-token", "xapp-", r"\d-[A-Za-z0-9-]{16,}+"),
    Rule(
        "slack-webhook",
        (".slack.com/", ".slack-gov.com/"),
        r"[\w.-]+/(?:services|workflows|triggers)/([A-Za-z0-9+/_-]{20,}+)",
    ),
    Rule("discord-webhook", ("/webhooks/",), rf"/webhooks/\d{{16,20}}/({_W}{{40,}}+)"),
    Rule(
        "teams-webhook",
        (".webhook.office.com/",),
        r"[\w.-]+/webhookb2/([0-9a-f@-]{60,80}/IncomingWebhook/[0-9a-zA-Z/-]{40,}+)",
    ),
    Rule("telegram-bot-token", (":AA",), r"(?<=\d{8}):(AA[A-Za-z0-9_-]{30,}+)"),
    _token("twilio-key", "SK", rf"{_H}{{32}}(?![0-9A-Za-z])"),
    _token("sendgrid-key", "SG.", rf"{_W}{{16,32}}\.{_W}{{16,}}+"),
    _token("mailgun-key", "key-", rf"{_H}{{32}}(?![0-9A-Za-z])"),
    Rule("mailchimp-key", ("-us",), rf"{_HEX_BEFORE}{_H}{{32}}-us\d{{1,2}}(?!{_A})", 32),
    _token("sendinblue-key", "xkeysib- xsmtpsib-", rf"{_H}{{64}}-{_A}{{16}}"),
    # Payments, shops
    _token("stripe-key", "sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_", rf"{_A}{{12,}}+"),
    _token("stripe-webhook-secret", "whsec_", r"[A-Za-z0-9+/=]{24,}+"),
    _token("square-token", "EAAA", rf"{_W}{{56,}}+(?![A-Za-z0-9+/=_-])", 3.5),
    _token("square-secret", "sq0atp- sq0csp- sq0idp-", rf"{_W}{{22,}}+"),
    _token("shopify-token", "shpat_ shpca_ shppa_ shpss_ shptka_", r"[0-9A-Fa-f]{32}"),
    _token(
        "braintree-token",
        "access_token$production$ access_token$sandbox$",
        rf"[0-9a-z]{{16}}[$]{_H}{{32}}",
        at=12,
    ),
    # Models
    _token("anthropic-key", "sk-ant-", rf"{_W}{{20,}}+"),
    _token("openai-key", "sk-proj- sk-svcacct- sk-admin- sk-None-", rf"{_W}{{20,}}+"),
    _token("openrouter-key", "sk-or-v1-", rf"{_H}{{40,}}+"),
    _token("openai-key", "sk-", rf"{_A}{{20,}}+(?![A-Za-z0-9_-])", 3.0),
    _token("huggingface-token", "hf_ api_org_", rf"{_A}{{30,}}+", 3.0),
    _token("groq-key", "gsk_", rf"{_A}{{40,}}+"),
    _token("xai-key", "xai-", rf"{_A}{{60,}}+"),
    _token("perplexity-key", "pplx-", rf"{_A}{{40,}}+"),
    _token("replicate-token", "r8_", rf"{_A}{{37,}}+"),
    # Tools
    _token("linear-key", "lin_api_ lin_oauth_", rf"{_A}{{32,}}+"),
    _token("notion-token", "ntn_ secret_", rf"{_A}{{40,}}+", 3.0),
    _token("postman-key", "PMAK-", rf"{_H}{{24}}-{_H}{{34}}"),
    _token("figma-token", "figd_", rf"{_W}{{36,}}+"),
    _token("hubspot-token", "pat-na1- pat-na2- pat-eu1-", r"[0-9a-fA-F-]{36}"),
    _token("contentful-token", "CFPAT-", rf"{_W}{{40,}}+"),
    _token("prefect-key", "pnu_ pnb_", rf"{_A}{{36}}"),
    _token("facebook-token", "EAACEdEose0cBA EAAB EAAG EAAJ", rf"{_A}{{80,}}+", 3.5),
)

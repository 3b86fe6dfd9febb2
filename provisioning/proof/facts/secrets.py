"""How to recognize secrets by their form, or by the property that holds them. `design/secret_names.py`
recognizes them by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Repetitions are bounded, so that a long text from an attacker cannot make a search slow.
VALUES: dict[str, re.Pattern[str]] = {
    "an AWS access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]{1,20} )?PRIVATE KEY-----"),
    "a GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{30})"),
    "a GitLab token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20}"),
    "a Slack token": re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10}"),
    "a Stripe key": re.compile(r"\b[rs]k_live_[A-Za-z0-9]{16}"),
    "a Google API key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}"),
    "a JSON web token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,400}\.eyJ[A-Za-z0-9_-]{10,400}\.[A-Za-z0-9_-]{10}"),
    "an API key": re.compile(r"\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{24}"),
    "a password in an address": re.compile(r"\b[a-z][a-z0-9+]{1,15}://[^\s/:@${⟦]{1,100}:[^\s/@${⟦]{3,200}@"),
}
# A quick test before the careful one: most texts of a template contain none of these.
HINT = re.compile(r"AKIA|ASIA|PRIVATE KEY|gh[pousr]_|github_pat_|glpat-|xox|k_live_|AIza|eyJ|sk-|://[^/@\s]{1,320}@")

PROPERTY = re.compile(
    r"^(MasterUserPassword|Master(User)?Password|AdminPassword|AdminUserPassword|Password|Passwords|AuthToken|AccessToken|"
    r"OauthToken|OAuthToken|ClientSecret|client_secret|SecretString|DomainPassword|ServiceAccountPassword|Secret|LoginPassword)$"
)
# In user data and scripts: a name that suggests a secret, set to a literal value.
ASSIGNED = re.compile(
    r"(?i)(passw(?:or)?d|passphrase|secret|token|api_?key|private_?key|cookie)([\w.-]{0,40})\s{0,4}[=:]\s{0,4}[\"']?([^\s\"'$`({<\\]{6,200})"
)
_BEFORE = re.compile(r"[\w.-]{0,60}\Z")
DYNAMIC = re.compile(r"\{\{resolve:(secretsmanager|ssm-secure|ssm):")


def assignments(script: str) -> Iterator[tuple[str, str]]:
    """Yields (name, value) for each assignment in a script whose name suggests a secret."""
    for found in ASSIGNED.finditer(script):
        before = _BEFORE.search(script[max(0, found.start() - 60) : found.start()])
        yield f"{before[0] if before else ''}{found[1]}{found[2]}", found[3]


def masked(value: str) -> str:
    """Shows enough of a secret to find it, and too little to use it."""
    return f"{value[:2]}… ({len(value)} characters)"

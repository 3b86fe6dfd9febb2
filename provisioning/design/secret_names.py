"""Names that promise a secret, such as `db_password` or `SecretAccessKey`."""

from __future__ import annotations

import re

NAME = re.compile(
    r"(?i)(passw(or)?d|passphrase|secret|token|api_?key|apikey|private_?key|access_?key|credential|auth_?key|encryption_?key|"
    r"signing_?key|master_?key|session_?key|connection_?string|\bdsn\b|_dsn$)"
)
# Names that contain such a word but hold no secret.
ABOUT = re.compile(
    r"(?i)(arn|_name|name|_id|_ids|_file|_path|_dir|_url|_uri|_endpoint|_ttl|_seconds|_minutes|_days|_length|_header|_enabled|_type|"
    r"_expiry|_lifetime|_algorithm|_issuer|_prefix|_version|_field|_region|_rotation|policy|_count|_limit|_max|_min)$"
)


def promises_secret(name: str) -> bool:
    return NAME.search(name) is not None and ABOUT.search(name) is None

"""The age of a request's signature: AWS refuses a request that arrives too long after it was signed.

The signature itself is not checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

# "requests must reach AWS within five minutes of the time stamp in the request"; S3 allows fifteen:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html and
# https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
SECONDS = 300
SECONDS_OF_S3 = 900
_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request")
_FORM = "%Y%m%dT%H%M%SZ"


class Signatures:
    """`seconds` takes the place of AWS's windows, for tests that cannot wait as long."""

    def __init__(self) -> None:
        self.seconds: float | None = None

    def problem(self, headers: Mapping[str, str], now: datetime | None = None) -> str:
        """Why a request is refused, in AWS's words (boto/botocore#149); empty if its signature is young enough."""
        scope = _SCOPE.search(headers.get("authorization", ""))
        signed = headers.get("x-amz-date", "")
        if scope is None or not signed:
            return ""
        now = now or datetime.now(UTC)
        seconds = self.seconds or (SECONDS_OF_S3 if scope[1] == "s3" else SECONDS)
        oldest = (now - timedelta(seconds=seconds)).strftime(_FORM)
        if signed >= oldest:
            return ""
        arrived = now.strftime(_FORM)
        return f"Signature expired: {signed} is now earlier than {oldest} ({arrived} - {seconds / 60:g} min.)"


SIGNATURES = Signatures()

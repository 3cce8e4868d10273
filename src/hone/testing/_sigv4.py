"""Signature Version 4 as AWS verifies it: what was signed is put together again, and must give the same signature.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
import re
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote

_FORM = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>(?P<day>\d{8})/[a-z0-9-]+/bedrock/aws4_request), "
    r"SignedHeaders=(?P<signed>[a-z0-9;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)
_SKEW = 300  # seconds


def objection(path: str, headers: dict[str, str], body: bytes, access_key: str, secret_key: str) -> str | None:
    """Why the caller is refused, if so. An API key is taken as it comes."""
    said = headers.get("authorization", "")
    if said.startswith("Bearer ") and said != "Bearer ":
        return None
    if (form := _FORM.fullmatch(said)) is None:
        return "Missing Authentication Token" if not said else "Authorization header is not well-formed"
    if form["key"] != access_key:
        return "The security token included in the request is invalid."
    if wrong := _misdated(headers.get("x-amz-date", ""), form["day"]):
        return wrong
    signed = form["signed"].split(";")
    if missing := _must_be_signed(headers) - set(signed):
        return f"not signed: {', '.join(sorted(missing))}"
    wanted = _signature(_canonical(path, headers, signed, body), headers["x-amz-date"], form["scope"], secret_key)
    if not hmac.compare_digest(wanted, form["signature"]):
        return (
            "The request signature we calculated does not match the signature you provided. The Canonical String for "
            f"this request should have been\n{_canonical(path, headers, signed, body)}"
        )
    return None


def _misdated(stamp: str, day: str) -> str | None:
    try:
        when = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return "x-amz-date is missing or not a date"
    if abs((datetime.now(UTC) - when).total_seconds()) > _SKEW:
        return "Signature expired"
    return None if stamp.startswith(day) else "the date of the scope is not that of x-amz-date"


def _must_be_signed(headers: dict[str, str]) -> set[str]:
    return {"host"} | {name for name in headers if name == "content-type" or name.startswith("x-amz-")}


def _canonical(path: str, headers: dict[str, str], signed: list[str], body: bytes) -> str:
    lines = [f"{name}:{' '.join(headers.get(name, '').split())}" for name in signed]
    # The path is encoded once more than it was sent, as everywhere but in S3.
    return "\n".join(["POST", quote(path, safe="/~"), "", *lines, "", ";".join(signed), sha256(body).hexdigest()])


def _signature(canonical: str, stamp: str, scope: str, secret_key: str) -> str:
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    return hmac.digest(key, text.encode(), "sha256").hex()

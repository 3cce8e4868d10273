"""The way in for a browser: who has shown the key once carries a signed, expiring cookie instead of the key.

The cookie opens pages and our own API, never `/v1`. It is HttpOnly and SameSite=Strict; a request that changes
something must also come from a page of this very origin, because a page on another port of the same host counts as the
same site.
"""

import hashlib
import hmac
import time
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

COOKIE = "hone_session"
SECONDS = 30 * 86_400
_SAFE = {"GET", "HEAD", "OPTIONS"}


def session_for(key: str, now: float | None = None) -> str:
    """The value of the cookie: when it ends, and an HMAC of that under the key."""
    ends = int((time.time() if now is None else now) + SECONDS)
    return f"{ends}.{_signed(key, ends)}"


def session_holds(key: str, cookies: str, now: float | None = None) -> bool:
    """Does the `Cookie` header carry a session of this key that has not ended?"""
    try:
        morsel = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return False
    ends, _, signature = (morsel.value if morsel else "").partition(".")
    if not (ends.isascii() and ends.isdigit() and len(ends) < 13):
        return False
    in_time = int(ends) > (time.time() if now is None else now)
    return in_time and hmac.compare_digest(signature.encode(), _signed(key, int(ends)).encode())


def from_our_page(method: str, headers: dict[str, str]) -> bool:
    """May this request change something? A browser says where it comes from; what says nothing is no browser."""
    if method in _SAFE:
        return True
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    return origin is None or urlsplit(origin).netloc == headers.get("host", "")


def _signed(key: str, ends: int) -> str:
    return hmac.new(key.encode(), f"hone session until {ends}".encode(), hashlib.sha256).hexdigest()

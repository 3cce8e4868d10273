"""Who may talk to this server at all.

Without a key only loopback is served, and `Host` and `Origin` must be loopback names too: a web page that a developer
happens to visit may otherwise reach the server through DNS rebinding. With a key every request must carry it; outside
`/v1` a browser may carry a session instead.
"""

import hmac
from urllib.parse import urlsplit

from hone.errors import NotAllowed
from hone.server._session import from_our_page, session_holds

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_OPEN = {"/healthz", "/readyz", "/login"}


class Guard:
    """Checks one request's headers."""

    def __init__(self, api_key: str | None) -> None:
        self._key = api_key.encode() if api_key else None

    def check(self, path: str, headers: dict[str, str], method: str = "GET") -> None:
        """
        Raises:
            NotAllowed: the request is not to be served.
        """
        if self._key is not None:
            if path not in _OPEN and not path.startswith("/static/") and not self._in_session(path, headers, method):
                self._check_key(headers)
            return
        host = _name(headers.get("host", ""))
        if host not in _LOOPBACK and not host.endswith(".localhost"):
            error = NotAllowed(
                f"this server does not answer to the name {host!r}", hint="use localhost, or set HONE_API_KEY"
            )
            error.status = 403
            raise error
        origin = headers.get("origin")
        if origin and (urlsplit(origin).hostname or "") not in _LOOPBACK:
            error = NotAllowed(f"pages of {origin!r} may not call this server")
            error.status = 403
            raise error

    def _in_session(self, path: str, headers: dict[str, str], method: str) -> bool:
        assert self._key is not None
        if path.startswith("/v1/") or not session_holds(self._key.decode(), headers.get("cookie", "")):
            return False
        return from_our_page(method, headers)

    def _check_key(self, headers: dict[str, str]) -> None:
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        sent = bearer.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        if not sent:
            raise NotAllowed("no API key", hint="send the value of HONE_API_KEY as a bearer token")
        assert self._key is not None
        if not hmac.compare_digest(sent.encode(), self._key):
            raise NotAllowed("the API key is not right")


def _name(host: str) -> str:
    """The host name without its port; IPv6 comes in brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()

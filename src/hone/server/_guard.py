"""Who may talk to this server at all.

Without HONE_API_KEY only loopback is served, and `Host` and `Origin` must be loopback names too: a web page that a
developer happens to visit may otherwise reach the server through DNS rebinding. With it every request must carry a
key; outside `/v1` a browser may carry a session instead. A key of `hone keys create` opens the doors of applications
alone.
"""

import hmac
from urllib.parse import urlsplit

from hone.errors import NotAllowed
from hone.gateway import PREFIX, Key, Keys
from hone.server._session import from_our_page, session_holds

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_APPLICATIONS = {("POST", "/api/scores"), ("POST", "/api/spans")}
_OPEN = {"/healthz", "/readyz", "/login"}


class Guard:
    """Checks one request's headers."""

    def __init__(self, api_key: str | None, keys: Keys) -> None:
        self._key = api_key.encode() if api_key else None
        self._keys = keys

    async def check(self, path: str, headers: dict[str, str], method: str = "GET") -> Key | None:
        """The key that the caller showed, when it is one that was made here.

        Raises:
            NotAllowed: the request is not to be served.
        """
        if self._key is None:
            self._check_loopback(headers)
        elif path in _OPEN or path.startswith("/static/") or self._in_session(path, headers, method):
            return None
        sent = _sent(headers)
        if self._key is None or not hmac.compare_digest(sent.encode(), self._key):
            return await self._made_here(path, method, sent)
        return None

    async def _made_here(self, path: str, method: str, sent: str) -> Key | None:
        if self._key is None and not sent.startswith(PREFIX):
            return None  # on loopback no key is asked for, and clients send whatever they have
        if not sent:
            raise NotAllowed("no API key", hint="send HONE_API_KEY, or a key of `hone keys create`, as a bearer token")
        if not sent.startswith(PREFIX):
            raise NotAllowed("the API key is not right")
        key = await self._keys.find(sent)
        if not (path.startswith("/v1/") or (method, path) in _APPLICATIONS):
            error = NotAllowed(f"the key {key.name!r} is for applications, and {path} is not")
            error.status = 403
            raise error
        return key

    def _check_loopback(self, headers: dict[str, str]) -> None:
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


def _sent(headers: dict[str, str]) -> str:
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    return bearer.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")


def _name(host: str) -> str:
    """The host name without its port; IPv6 comes in brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()

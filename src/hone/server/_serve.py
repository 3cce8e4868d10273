"""A server on a socket: bound first, so that a port in use is said plainly and a free one is known before serving."""

import ipaddress
import logging
import socket
import threading
from types import TracebackType
from typing import Self

import uvicorn

from hone.errors import NotAllowed, ProjectError
from hone.local import House
from hone.releases import EVERY
from hone.server._app import App
from hone.server._protocol import Protocol


class Server:
    """Serves a house until it is told to stop. `with server:` serves from a thread of its own."""

    def __init__(
        self, house: House, host: str, port: int, api_key: str | None = None, *, look_every: float = EVERY
    ) -> None:
        """`look_every` are the seconds between two looks at what is on trial.

        Raises:
            NotAllowed: `host` is beyond loopback and there is no key.
        """
        if not api_key and not _is_loopback(host):
            raise NotAllowed(
                f"{host} can be reached from other machines, and there is no key to keep them out",
                hint="set HONE_API_KEY, or listen on 127.0.0.1",
            )
        self._app = App(house, api_key, look_every=look_every)
        self._host, self._port = host, port
        self._socket: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def bind(self) -> None:
        """Take the port.

        Raises:
            ProjectError: it is taken, or the address is not this machine's.
        """
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        found = socket.socket(family, socket.SOCK_STREAM)
        try:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind((self._host, self._port))
            # Listening from here on: a client that comes before the loop runs waits instead of being refused.
            found.listen(2048)
        except OSError as problem:
            found.close()
            raise ProjectError(
                f"cannot listen on {self._host} port {self._port} ({problem.strerror})",
                hint="is another hone running here? choose another with --port or HONE_PORT",
            ) from None
        self._socket, self._port = found, found.getsockname()[1]

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM; calls that are going on are finished first."""
        if self._socket is None:
            self.bind()
        assert self._socket is not None
        logging.getLogger("uvicorn.error").addFilter(_not_our_cuts)
        config = uvicorn.Config(
            self._app,
            loop="uvloop",
            http=Protocol,
            ws="none",
            lifespan="on",
            access_log=False,  # every call is a span
            log_level="warning",
            server_header=False,
            proxy_headers=False,  # nobody in front is trusted unasked, and the middleware costs every call
            timeout_graceful_shutdown=30,
        )
        self._server = uvicorn.Server(config)
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._socket.close()

    def __enter__(self) -> Self:
        self.bind()
        self._thread = threading.Thread(target=self.run, name="hone-server", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        while self._thread is not None and self._thread.is_alive():
            if self._server is not None:
                self._server.should_exit = True
            self._thread.join(0.05)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _not_our_cuts(record: logging.LogRecord) -> bool:
    """A cut stream is left incomplete on purpose, and its span tells of it; uvicorn takes it for a fault of the app."""
    return "without completing response" not in record.getMessage()

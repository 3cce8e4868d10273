"""A server on a socket, in this process."""

import socket
import threading
from types import TracebackType
from typing import Self

import uvicorn

from hone.local import House
from hone.releases import EVERY
from hone.server._app import App
from hone.server._listen import check_reach, listening
from hone.server._uvicorn import server_of


class Server:
    """Serves a house until it is told to stop. `with server:` serves from a thread of its own."""

    def __init__(
        self, house: House, host: str, port: int, api_key: str | None = None, *, look_every: float = EVERY
    ) -> None:
        """`look_every` are the seconds between two looks at what is on trial.

        Raises:
            NotAllowed: `host` is beyond loopback and there is no key.
        """
        check_reach(host, api_key)
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
        self._socket = listening(self._host, self._port)
        self._port = self._socket.getsockname()[1]

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM; calls that are going on are finished first."""
        if self._socket is None:
            self.bind()
        assert self._socket is not None
        self._server = server_of(self._app)
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

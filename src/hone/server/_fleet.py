"""`hone up --workers N`: workers on one port; in this process the control plane, the store and the watch over them."""

import logging
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO

import msgspec

from hone.errors import HoneError, ProjectError
from hone.local import House
from hone.server._listen import bound
from hone.server._serve import Server
from hone.server._uvicorn import DRAIN_SECONDS
from hone.server._worker import READY, Post

log = logging.getLogger("hone")

_TAKE_IN = 0.05  # seconds between two looks into the outboxes of workers
_START_SECONDS = 60.0
_LONGEST_PAUSE = 30.0


class Fleet(Server):
    """A server whose model calls are answered by processes of their own. A worker that dies is replaced."""

    def __init__(self, house: House, host: str, port: int, api_key: str | None, workers: int) -> None:
        """
        Raises:
            NotAllowed: `host` is beyond loopback and there is no key.
            ProjectError: the project wants durable telemetry, which is one process's to promise.
        """
        super().__init__(house, host, port, api_key)
        if house.project.telemetry.durable:
            raise ProjectError(
                "with [telemetry] durable = true a call ends with the commit of its span, and workers wait for none",
                hint="serve without --workers, or leave durable telemetry out",
            )
        self._house = house
        self._folder = tempfile.TemporaryDirectory(prefix="hone-")  # 0700, and short enough for a socket's path
        self._control = str(Path(self._folder.name) / "control")
        self._crew = [_Worker(number) for number in range(1, workers + 1)]
        self._over = threading.Event()
        self._port_holder: socket.socket | None = None

    def bind(self) -> None:
        """Start the workers on the port, and listen where they hand over what is not theirs.

        Raises:
            ProjectError: the port is taken, or the address is not this machine's.
            HoneError: a worker does not start.
        """
        self._port_holder = bound(self._host, self._port, shared=True)
        self._port = self._port_holder.getsockname()[1]
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(self._control)
        self._socket.listen(512)
        post = Post(str(self._house.project.root), self._host, self._port, self._control)
        self._post = msgspec.json.encode(post).decode()
        for worker in self._crew:
            worker.start(self._post)
        try:
            for worker in self._crew:
                worker.wait_until_ready()
        except BaseException:
            self._stop_crew()
            raise

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM; calls that are going on are finished first."""
        if self._socket is None:
            self.bind()
        threads = [threading.Thread(target=each, daemon=True) for each in (self._take_in, self._watch)]
        for thread in threads:
            thread.start()
        try:
            super().run()
        finally:
            self._over.set()
            for thread in threads:
                thread.join()
            self._stop_crew()
            self._house.telemetry.take_in()
            self._folder.cleanup()

    @property
    def pids(self) -> list[int]:
        """The processes of the workers."""
        return [worker.pid for worker in self._crew]

    def _take_in(self) -> None:
        while not self._over.wait(_TAKE_IN):
            try:
                self._house.telemetry.take_in()
            except HoneError as problem:
                log.error("what workers have recorded could not be taken in: %s", problem)

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            if self._server is not None and self._server.should_exit:
                # They stop taking calls at the same moment as this process does.
                for worker in self._crew:
                    worker.stop()
                return
            for worker in self._crew:
                worker.replace_if_dead(self._post)

    def _stop_crew(self) -> None:
        for worker in self._crew:
            worker.stop()
        end = time.monotonic() + DRAIN_SECONDS + 5
        for worker in self._crew:
            worker.join(max(0.1, end - time.monotonic()))
        if self._port_holder is not None:
            self._port_holder.close()


class _Worker:
    """One place of the crew, and the process that fills it now."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._process: subprocess.Popen[str] | None = None
        self._pause = 0.5
        self._started = self._retry = 0.0

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, post: str) -> None:
        command = [sys.executable, "-m", "hone.server._worker", post]
        self._started = time.monotonic()
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603

    def wait_until_ready(self) -> None:
        """
        Raises:
            HoneError: it ended, or was not ready in time; what it said of that is on stderr.
        """
        assert self._process is not None
        timer = threading.Timer(_START_SECONDS, self._process.kill)
        timer.start()
        try:
            assert self._process.stdout is not None
            if self._process.stdout.readline().strip() != READY:
                raise HoneError(f"worker {self._number} did not start", hint="the reason stands above")
        finally:
            timer.cancel()

    def replace_if_dead(self, post: str) -> None:
        assert self._process is not None
        status, now = self._process.poll(), time.monotonic()
        if status is None:
            return
        if not self._retry:
            self._pause = 0.5 if now - self._started > _LONGEST_PAUSE else min(self._pause * 2, _LONGEST_PAUSE)
            self._retry = now + self._pause
            log.error("worker %d ended with status %d; another follows in %.1f s", self._number, status, self._pause)
        elif now >= self._retry:
            self._retry = 0.0
            self._close_pipes()
            self.start(post)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def join(self, seconds: float) -> None:
        if self._process is None:
            return
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            log.error("worker %d was not done in time and is ended", self._number)
            self._process.kill()
            self._process.wait()
        self._close_pipes()

    def _close_pipes(self) -> None:
        assert self._process is not None
        pipes: list[IO[str] | None] = [self._process.stdin, self._process.stdout]
        for pipe in pipes:
            if pipe is not None:
                pipe.close()

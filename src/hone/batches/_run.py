"""One batch on its way: checked, asked line by line, finished. It may begin anywhere, since another process may have
stopped anywhere.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from hone.batches import _lines, _output
from hone.batches._keeper import Keeper
from hone.batches._lines import Line
from hone.batches._pace import Pace
from hone.core import new_trace_id
from hone.errors import HoneError, RateLimited, StoreBusy, UpstreamError, UpstreamRefused
from hone.store import Answered, Batch, BatchWork, File, LineError, StoredFiles, Upload

Ask = Callable[[Batch, bytes, str], Awaitable[bytes]]
"""Makes one call of a batch: its body, and the id of its trace. What it raises is the answer of the line."""

End = Literal["completed", "failed", "expired", "cancelled"]
Why = Literal["expired", "cancelled", "lost", "shutdown"]

_PAUSES = (1.0, 4.0, 16.0)  # seconds, before a call that an upstream failed is made again
_LIMITED_SECONDS = 10.0  # where a limit does not say when to come back
_LONGEST_SECONDS = 60.0  # limits may be raised meanwhile


class Rooms(Struct, kw_only=True):
    """What every batch needs."""

    work: BatchWork
    files: StoredFiles
    ask: Ask
    said: Callable[[HoneError], bytes]  # an error as a body
    seats: asyncio.Semaphore  # for the calls of all batches
    most: int  # calls of one batch at once


class Run:
    """The work on one batch that this process holds."""

    def __init__(self, batch: Batch, rooms: Rooms) -> None:
        self.batch = batch
        self._rooms = rooms
        self._pace = Pace(rooms.most)
        self._why: Why | None = None
        self._stopped = asyncio.Event()
        self._keeper = Keeper(rooms.work, batch.id, self._stopped.is_set)
        self._reading = asyncio.Lock()

    def stop(self, why: Why) -> None:
        """Make no more calls, and drop those that are going on. What is answered is kept."""
        self._why = self._why or why
        self._stopped.set()

    async def go(self) -> None:
        """Until the batch is over, or this process is to leave it."""
        try:
            await self._go()
        except* FileNotFoundError:
            await self._fail([LineError(code="file_not_found", message="the input file is gone")])

    async def _go(self) -> None:
        status = self.batch.status
        if status == "cancelling":
            self.stop("cancelled")
        if status == "validating" and not await self._check():
            return
        if status in ("validating", "in_progress"):
            await self._ask_all()
        if self._why not in ("lost", "shutdown"):
            await self._finish()

    async def _check(self) -> bool:
        batch, work = self.batch, self._rooms.work
        found = await asyncio.to_thread(_lines.check, self._input, batch.endpoint)
        if found.errors:
            await self._fail(found.errors)
            return False
        ready = {"total": found.total, "models": found.models}
        if not await asyncio.to_thread(work.move, batch.id, "validating", "in_progress", **ready):
            self.stop("cancelled")
        return True

    async def _fail(self, errors: list[LineError]) -> None:
        await asyncio.to_thread(self._write, "failed", errors=errors)

    # -- asking

    async def _ask_all(self) -> None:
        done = await asyncio.to_thread(self._rooms.work.answered, self.batch.id)
        lines = _lines.read(self._input, done)
        async with asyncio.TaskGroup() as group:
            for _ in range(self._rooms.most):
                group.create_task(self._ask_each(lines))

    async def _ask_each(self, lines: Iterator[Line]) -> None:
        while not self._stopped.is_set():
            async with self._reading:
                line = await asyncio.to_thread(next, lines, None)
            if line is None:
                return
            answer = await self._unless_stopped(self._answer(line))
            if answer is not None:
                # Never cut short: a commit that is running cannot be called back.
                await self._keeper.keep(answer)

    async def _unless_stopped(self, work: Awaitable[Answered]) -> Answered | None:
        asking, stopping = asyncio.ensure_future(work), asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait({asking, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return asking.result() if asking.done() else None
        finally:
            for each in (asking, stopping):
                each.cancel()
            await asyncio.gather(asking, stopping, return_exceptions=True)

    async def _answer(self, line: Line) -> Answered:
        failed = 0
        while True:
            trace_id = new_trace_id()
            async with self._pace.turn():
                try:
                    async with self._rooms.seats:
                        body = await self._rooms.ask(self.batch, line.body, trace_id)
                    self._pace.answered()
                    return _output.answered(line, 200, trace_id, body)
                except HoneError as error:
                    said = error
                    if _is_limit(said):
                        self._pace.refused(_wait(said))
                        continue
            if not _may_pass(said) or failed == len(_PAUSES):
                return _output.answered(line, said.status, trace_id, self._rooms.said(said))
            await asyncio.sleep(_PAUSES[failed])
            failed += 1

    # -- finishing

    async def _finish(self) -> None:
        move = self._rooms.work.move
        end: End = "completed"
        if self.batch.status == "finalizing":
            pass  # every line had been answered
        elif self._why == "expired" or self._why == "cancelled":
            end = self._why
        elif not await asyncio.to_thread(move, self.batch.id, "in_progress", "finalizing"):
            end = "cancelled"  # at the last moment
        await asyncio.to_thread(self._write, end)

    def _write(self, end: End, **values: Any) -> None:
        files, work, batch = self._rooms.files, self._rooms.work, self.batch
        good, bad = files.new(), files.new()
        try:
            seen, usage = _output.write(work.answers(batch.id), good, bad)
            late = _output.write_expired(self._input, seen, bad) if end == "expired" else 0
            work.finish(
                batch.id, end, self._made(good, "output"), self._made(bad, "error"), late, usage=usage, **values
            )
        finally:
            good.drop()
            bad.drop()

    def _made(self, upload: Upload, what: str) -> File | None:
        if not upload.size:
            return None
        batch, files = self.batch, self._rooms.files
        return files.placed(upload, f"{batch.id}_{what}.jsonl", "batch_output", batch.owner, batch.output_seconds)

    @property
    def _input(self) -> Path:
        return self._rooms.files.path(self.batch.input_file)


def _is_limit(error: HoneError) -> bool:
    """Will the same call be welcome later?"""
    if isinstance(error, UpstreamRefused) and error.status == 429:
        return not _is_out_of_money(error.body)
    return isinstance(error, RateLimited)


def _wait(error: HoneError) -> float:
    after = error.details.get("retry_after", error.details.get("retry-after"))
    try:
        return min(float(after), _LONGEST_SECONDS) if after is not None else _LIMITED_SECONDS
    except ValueError:
        return _LIMITED_SECONDS


def _may_pass(error: HoneError) -> bool:
    """Is it a failure of the moment?"""
    return isinstance(error, StoreBusy) or (isinstance(error, UpstreamError) and error.status in _OF_THE_MOMENT)


_OF_THE_MOMENT = (408, 500, 502, 503, 504, 529)


class _Said(Struct):
    type: str | None = None
    code: str | int | None = None


class _Error(Struct):
    error: _Said


def _is_out_of_money(body: bytes) -> bool:
    """Vendors answer 429 here too, and waiting does not help."""
    try:
        error = msgspec.json.decode(body, type=_Error).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return "insufficient_quota" in (error.type, error.code)

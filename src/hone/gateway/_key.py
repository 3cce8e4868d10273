"""Keys that callers hold: what each may ask for, and how a secret is recognised on the way of a call."""

import asyncio
import hashlib
import logging
import secrets
import time
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import msgspec
from msgspec import Struct

from hone.core import Clock
from hone.errors import CallError, NotAllowed, StoreError
from hone.gateway._listed import Listed, listed
from hone.project import Budget, rate, spend
from hone.store import AccessKey, AccessKeys

log = logging.getLogger("hone")

PREFIX = "hone-"
"""Every secret begins so: it is told apart from vendors' keys, and found by scanners where it should not be."""

_FRESH_SECONDS = 1.0
_PATIENCE_SECONDS = 60.0  # that a database may be away before calls are refused for it
_ENDING = 4
_LONGEST_NAME = 100
_LONGEST = 100


class Key(Struct, frozen=True, kw_only=True):
    """A valid key. Without `tasks` and `models` it may ask for everything; with either, for those alone."""

    name: str
    environment: str | None = None
    tasks: tuple[str, ...] = ()  # names; `*` stands for anything
    models: tuple[str, ...] = ()  # aliases or `provider/name`, the same
    tags: tuple[str, ...] = ()  # on every call of it
    spend: str | None = None  # "5 USD / day"
    rate: str | None = None  # calls: "20 / minute"
    tokens: str | None = None  # "100000 / minute"

    def allows(self, task: str | None, model: str) -> bool:
        if not (self.tasks or self.models):
            return True
        name, allowed = (model, self.models) if task is None else (task, self.tasks)
        return any(fnmatchcase(name, each) for each in allowed)

    def check(self, task: str | None, model: str) -> None:
        """
        Raises:
            NotAllowed: the key is not for that task, or that model.
        """
        if not self.allows(task, model):
            what, name = ("model", model) if task is None else ("task", task)
            error = NotAllowed(f"the key {self.name!r} is not for the {what} {name!r}")
            error.status = 403
            raise error

    @property
    def budget(self) -> Budget | None:
        """What the key itself is limited to."""
        if not (self.spend or self.rate or self.tokens):
            return None
        return Budget(
            name=f"key {self.name}",
            spend=spend(self.spend) if self.spend else None,
            rate=rate(self.rate) if self.rate else None,
            tokens=rate(self.tokens) if self.tokens else None,
        )


class Keys:
    """The keys of one project, held in memory and read again beside the calls."""

    def __init__(self, kept: AccessKeys, clock: Clock) -> None:
        self._kept = kept
        self._clock = clock
        self._known: dict[str, tuple[AccessKey, Key]] = {}  # by the SHA-256 of the secret
        self._state: tuple[int, int] | None = None
        self._read = 0.0
        self._reading: asyncio.Task[None] | None = None
        self._used: dict[str, int] = {}  # by id: when it was shown last, ns

    async def find(self, secret: str) -> Key:
        """The key of a secret. One that was made or revoked elsewhere is known a second later at most.

        Raises:
            NotAllowed: there is no such key, or it is not valid any more.
            StoreError: the database has not answered for too long to know.
        """
        sha256 = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
        if sha256 not in self._known:
            await asyncio.to_thread(self._refresh)
        else:
            await self._keep_fresh(time.monotonic() - self._read)
        found = self._known.get(sha256)
        if found is None:
            raise NotAllowed("the API key is not known here", hint="hone keys list")
        row, key = found
        if not row.valid(self._clock()):
            raise NotAllowed(f"the key {key.name!r} {'was revoked' if row.revoked else 'has expired'}")
        self._used[row.id] = self._clock()
        return key

    async def _keep_fresh(self, age: float) -> None:
        """Read again beside the calls; what is older than a second is not judged by, unless the database is away."""
        if age <= _FRESH_SECONDS / 2:
            return
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(asyncio.to_thread(self._refresh))
            self._reading.add_done_callback(lambda done: done.cancelled() or done.exception())
        if age <= _FRESH_SECONDS:
            return
        try:
            await asyncio.shield(self._reading)
        except StoreError as problem:
            if age > _PATIENCE_SECONDS:
                raise
            log.error("keys cannot be read again: %s", problem)

    async def named(self, name: str) -> Key:
        """The valid key of a name, for work that was begun by it and goes on without its secret.

        Raises:
            NotAllowed: it is not valid any more.
        """
        if time.monotonic() - self._read > _FRESH_SECONDS:
            await asyncio.to_thread(self._refresh)
        for row, key in self._known.values():
            if key.name == name and row.valid(self._clock()):
                return key
        raise NotAllowed(f"the key {name!r} is not valid any more")

    def create(self, key: Key, *, by: str, expires: int | None = None) -> tuple[AccessKey, str]:
        """A new key and its secret, which is told this once.

        Raises:
            CallError: a valid key has that name, or a limit cannot be read.
        """
        _check(key)
        if any(row.name == key.name and row.valid(self._clock()) for row in self._kept.all()):
            raise CallError(
                f"there is a key {key.name!r}", hint=f"hone keys rotate {key.name}, or hone keys revoke {key.name}"
            )
        return self._add(key, by=by, expires=expires)

    def rotate(self, name: str, *, by: str, overlap: float) -> tuple[AccessKey, str]:
        """A new secret with the rights of the old one, which stays valid for `overlap` seconds.

        Raises:
            CallError: there is no such key.
        """
        row = self._named(name)
        made, secret = self._add(_as_key(row), by=by, expires=row.expires)
        at = None if overlap <= 0 else self._clock() + int(overlap * 1_000_000_000)
        self._kept.end(name, at=at, but=made.id)
        return made, secret

    def revoke(self, name: str) -> None:
        """
        Raises:
            CallError: there is no such key.
        """
        self._named(name)
        self._kept.end(name)
        self._refresh()

    def all(self) -> list[tuple[AccessKey, Key]]:
        """Every key there is and was, newest first."""
        return [(row, _as_key(row)) for row in self._kept.all()]

    def listed(self) -> list[Listed]:
        """The same, as lists show them."""
        now = self._clock()
        return [listed(row, now, self._used.get(row.id)) for row in self._kept.all()]

    def _add(self, key: Key, *, by: str, expires: int | None) -> tuple[AccessKey, str]:
        secret = PREFIX + secrets.token_urlsafe(32)
        sha256 = hashlib.sha256(secret.encode()).hexdigest()
        settings = {name: value for name, value in msgspec.to_builtins(key).items() if name != "name" and value}
        return self._kept.add(key.name, sha256, secret[-_ENDING:], settings, by=by, expires=expires), secret

    def _named(self, name: str) -> AccessKey:
        valid = [row for row in self._kept.all() if row.name == name and row.valid(self._clock())]
        if not valid:
            raise CallError(f"there is no valid key {name!r}", hint="hone keys list")
        return valid[0]

    def _refresh(self) -> None:
        state = self._kept.state()
        if state != self._state:
            self._known = {row.sha256: (row, _as_key(row)) for row in self._kept.all()}
            self._state = state
        self._read = time.monotonic()


def _as_key(row: AccessKey) -> Key:
    return msgspec.convert({"name": row.name, **row.settings}, Key)


def _check(key: Key) -> None:
    parts: list[tuple[str | None, Callable[[str], Any]]] = [
        (key.spend, spend), (key.rate, rate), (key.tokens, rate),
    ]  # fmt: skip
    for text, read in parts:
        try:
            if text is not None:
                read(text)
        except ValueError as problem:
            raise CallError(str(problem)) from None
    if not key.name.strip():
        raise CallError("a key needs a name")
    if len(key.name) > _LONGEST_NAME:
        raise CallError(f"the name of a key has {_LONGEST_NAME} characters at most")
    if len(key.name) > _LONGEST:
        raise CallError(f"the name of a key has {_LONGEST} characters at most, and this one {len(key.name):,}")

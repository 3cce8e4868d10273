"""A key as lists show it, on the page, in our own API and on the command line."""

from typing import Literal

import msgspec
from msgspec import Struct

from hone.store import AccessKey

KeyState = Literal["valid", "expired", "revoked"]


class Listed(Struct, frozen=True, kw_only=True):
    """Times are nanoseconds. Of the secret, which is kept nowhere, `ending` are the last characters.

    `used` is when it was last shown to this process, None if it never was.
    """

    id: str
    name: str
    ending: str
    state: KeyState
    tasks: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    environment: str | None = None
    tags: tuple[str, ...] = ()
    spend: str | None = None
    rate: str | None = None
    tokens: str | None = None
    created: int
    by: str
    expires: int | None = None
    revoked: int | None = None
    used: int | None = None


def listed(row: AccessKey, now: int, used: int | None) -> Listed:
    state = "revoked" if row.revoked is not None else "valid" if row.valid(now) else "expired"
    told = {name: getattr(row, name) for name in ("id", "name", "ending", "created", "by", "expires", "revoked")}
    return msgspec.convert({**row.settings, **told, "state": state, "used": used}, Listed)

"""The events of a streamed response: each has a name, and a number that grows by one."""

from typing import Any

from hone.core import from_json, to_json
from hone.errors import HoneError
from hone.server.openai._errors import error_body


class Numbered:
    """Writes the events of one stream."""

    def __init__(self) -> None:
        self._next = 0

    def __call__(self, kind: str, **fields: Any) -> bytes:
        event = {"type": kind, "sequence_number": self._next, **fields}
        self._next += 1
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), to_json(event).encode())

    def error(self, error: HoneError) -> bytes:
        """The event that says why a stream breaks off.

        It says it twice: flat, as the API is documented, and in an `error` object, as it is served by the vendor and
        raised by the official SDKs.
        """
        said = from_json(error_body(error))["error"]
        flat = {"code": said.get("code"), "message": said.get("message"), "param": said.get("param")}
        return self("error", **flat, error=said)

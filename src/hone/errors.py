"""Every error hone raises on purpose, as one tree. An error says what happened and whose move it is.

HoneError
├── ProjectError           hone.toml, a prompt file or another project file is wrong: yours to mend
│   ├── PromptError        a prompt cannot be read or rendered
│   └── DatasetError       a line of a dataset cannot be read
├── MissingExtra           an optional part is not installed
├── CallError              the caller asked for something that cannot be done (4xx)
│   ├── UnknownModel       no task, variant, alias or provider of that name
│   ├── NotRecorded        calls are replayed, and this one was never recorded
│   ├── TooLarge           the request is over the size limit
│   ├── NotAllowed         no key, a wrong key, or a host that is not served
│   ├── RateLimited        too many calls or tokens for now; `details["retry_after"]` says when to come back
│   └── BudgetSpent        the money is out
├── GateClosed             a variant has not shown what its release asks for
├── UpstreamError          the model's server failed (5xx)
│   ├── UpstreamRefused    it answered with an error of its own; `status` is its status
│   ├── UpstreamUnreachable  no connection
│   ├── UpstreamTimeout    no answer in time
│   ├── UpstreamGarbage    an answer that is not in the dialect
│   │   └── InvalidOutput  an answer that is not in the shape that was asked for
│   └── UpstreamCut        a stream that ended before it was complete
└── StoreError             the place of record cannot be opened, read or written
    └── StoreBusy          it cannot take more right now: try again
"""

from typing import Any


class HoneError(Exception):
    """What happened, with the value; `hint` is the way out. `code` is a stable word for programs."""

    code = "error"
    status = 500

    def __init__(self, message: str, *, hint: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message


class ProjectError(HoneError):
    """A project file is wrong. The message names file, line and key where they are known."""

    code = "invalid_project"


class PromptError(ProjectError):
    code = "invalid_prompt"


class DatasetError(ProjectError):
    code = "invalid_dataset"


class MissingExtra(HoneError):
    """A part of hone that is installed on request."""

    code = "missing_extra"

    def __init__(self, what: str, extra: str, *, hint: str | None = None) -> None:
        super().__init__(f"{what} needs an extra that is not installed", hint=hint or f'pip install "hone[{extra}]"')


class CallError(HoneError):
    code = "invalid_request"
    status = 400


class UnknownModel(CallError):
    code = "model_not_found"
    status = 404


class NotFound(CallError):
    code = "not_found"
    status = 404


class NotRecorded(CallError):
    code = "not_recorded"
    status = 404


class TooLarge(CallError):
    code = "request_too_large"
    status = 413


class NotAllowed(CallError):
    code = "not_allowed"
    status = 401


class RateLimited(CallError):
    code = "rate_limited"
    status = 429


class BudgetSpent(CallError):
    code = "budget_spent"
    status = 402


class GateClosed(HoneError):
    """`details["gate"]` holds the numbers."""

    code = "gate_closed"
    status = 409


class UpstreamError(HoneError):
    code = "upstream_error"
    status = 502


class UpstreamRefused(UpstreamError):
    """The upstream answered with an error; its status and body are kept as they came."""

    code = "upstream_refused"

    def __init__(self, message: str, *, status: int, body: bytes = b"", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.body = body


class UpstreamUnreachable(UpstreamError):
    code = "upstream_unreachable"


class UpstreamTimeout(UpstreamError):
    code = "upstream_timeout"
    status = 504


class UpstreamGarbage(UpstreamError):
    code = "upstream_garbage"


class InvalidOutput(UpstreamGarbage):
    code = "invalid_output"


class UpstreamCut(UpstreamError):
    code = "upstream_cut"


class StoreError(HoneError):
    code = "store_error"


class StoreBusy(StoreError):
    code = "store_busy"
    status = 503

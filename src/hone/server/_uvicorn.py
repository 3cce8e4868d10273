"""uvicorn as hone runs it, in the one process of `hone up` and in each of its workers."""

import logging
import signal

import uvicorn
from starlette.types import ASGIApp

from hone.server._protocol import Protocol

DRAIN_SECONDS = 30


def server_of(app: ASGIApp) -> uvicorn.Server:
    """Serves until SIGINT or SIGTERM; calls that are going on are finished first, for up to `DRAIN_SECONDS`."""
    logging.getLogger("uvicorn.error").addFilter(_not_our_cuts)
    return uvicorn.Server(
        uvicorn.Config(
            app,
            loop="uvloop",
            http=Protocol,
            ws="none",
            lifespan="on",
            access_log=False,  # every call is a span
            log_level="warning",
            server_header=False,
            proxy_headers=False,  # nobody in front is trusted unasked, and the middleware costs every call
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )


def end_in_order() -> None:
    """Let SIGTERM end the process as ctrl-c does: uvicorn raises the signal again when it has stopped serving, and by
    default that would be the end, with what budgets have spent not written and the store not closed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def _not_our_cuts(record: logging.LogRecord) -> bool:
    """A cut stream is left incomplete on purpose, and its span tells of it; uvicorn takes it for a fault of the app."""
    return "without completing response" not in record.getMessage()

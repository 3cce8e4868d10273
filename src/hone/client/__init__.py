"""The SDK inside a user's application: runs, spans and scores. It imports nothing of hone but the core.

It speaks to the server at `HONE_URL`; without one it opens the project of the working directory in this process.
"""

from typing import TYPE_CHECKING

from hone.client._calls import arun, ascore, flush, run, score
from hone.client._connection import Connection, RunRequest, connect, connection, disconnect
from hone.client._reply import Reply, reply_from
from hone.client._spans import Step, span
from hone.client._trace import trace
from hone.core import lazily

if TYPE_CHECKING:
    from hone.client._remote import Remote

# HTTP of the standard library comes with it, and who works in this process does without.
__getattr__ = lazily(__name__, {"Remote": "_remote"})

__all__ = [
    "Connection",
    "Remote",
    "Reply",
    "RunRequest",
    "Step",
    "arun",
    "ascore",
    "connect",
    "connection",
    "disconnect",
    "flush",
    "reply_from",
    "run",
    "score",
    "span",
    "trace",
]

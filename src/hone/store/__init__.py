"""The places of record: the only code that touches databases and files that must not be lost."""

from typing import TYPE_CHECKING

from hone.core import lazily
from hone.store._access import AccessKey, AccessKeys
from hone.store._accounts import AccountName, Accounts, Ask, Held, Used
from hone.store._answers import EVERY_TASK, AskedBefore, CachedAnswer, CachedAnswers, Occupied
from hone.store._ask import Cursor, Dimension, EventQuery, Figures, Order, ScoreQuery, SpanQuery
from hone.store._batch_work import Answered, BatchWork, NotHeld
from hone.store._batches import Batch, BatchCaller, Batches, BatchUsage, LineError
from hone.store._catalog import Catalog
from hone.store._catalog_shapes import (
    Build,
    DatasetVersion,
    Details,
    Ending,
    Experiment,
    Judgement,
    Metric,
    PromptLabel,
    PromptVersion,
    Release,
    Result,
)
from hone.store._contents import Contents
from hone.store._database import open_database, reading, writing
from hone.store._embeddings import Embeddings
from hone.store._experiments import Experiments
from hone.store._files import File, StoredFiles, Upload
from hone.store._limits import Limits
from hone.store._outbox import Outbox
from hone.store._rows import Record
from hone.store._ticket import Receipt, Ticket

if TYPE_CHECKING:
    from hone.store._telemetry import Telemetry

# DuckDB and Arrow come with it, and who only writes to the outbox does without them.
__getattr__ = lazily(__name__, {"Telemetry": "_telemetry"})

__all__ = [
    "EVERY_TASK",
    "AccessKey",
    "AccessKeys",
    "AccountName",
    "Accounts",
    "Answered",
    "Ask",
    "AskedBefore",
    "Batch",
    "BatchCaller",
    "BatchUsage",
    "BatchWork",
    "Batches",
    "Build",
    "CachedAnswer",
    "CachedAnswers",
    "Catalog",
    "Contents",
    "Cursor",
    "DatasetVersion",
    "Details",
    "Dimension",
    "Embeddings",
    "Ending",
    "EventQuery",
    "Experiment",
    "Experiments",
    "Figures",
    "File",
    "Held",
    "Judgement",
    "Limits",
    "LineError",
    "Metric",
    "NotHeld",
    "Occupied",
    "Order",
    "Outbox",
    "PromptLabel",
    "PromptVersion",
    "Receipt",
    "Record",
    "Release",
    "Result",
    "ScoreQuery",
    "SpanQuery",
    "StoredFiles",
    "Telemetry",
    "Ticket",
    "Upload",
    "Used",
    "open_database",
    "reading",
    "writing",
]

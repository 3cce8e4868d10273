"""The places of record: the only code that touches databases and files that must not be lost."""

from hone.store._access import AccessKey, AccessKeys
from hone.store._accounts import AccountName, Accounts, Ask, Held, Used
from hone.store._answers import EVERY_TASK, AskedBefore, CachedAnswer, CachedAnswers, Occupied
from hone.store._ask import Cursor, Dimension, EventQuery, Figures, Order, ScoreQuery, SpanQuery
from hone.store._catalog import Catalog
from hone.store._catalog_shapes import (
    Build,
    DatasetVersion,
    Experiment,
    Judgement,
    Metric,
    PromptLabel,
    PromptVersion,
    Release,
    Result,
)
from hone.store._codec import Record
from hone.store._database import open_database, reading, writing
from hone.store._embeddings import Embeddings
from hone.store._experiments import Experiments
from hone.store._limits import Limits
from hone.store._telemetry import Telemetry
from hone.store._ticket import Receipt, Ticket

__all__ = [
    "EVERY_TASK",
    "AccessKey",
    "AccessKeys",
    "AccountName",
    "Accounts",
    "Ask",
    "AskedBefore",
    "Build",
    "CachedAnswer",
    "CachedAnswers",
    "Catalog",
    "Cursor",
    "DatasetVersion",
    "Dimension",
    "Embeddings",
    "EventQuery",
    "Experiment",
    "Experiments",
    "Figures",
    "Held",
    "Judgement",
    "Limits",
    "Metric",
    "Occupied",
    "Order",
    "PromptLabel",
    "PromptVersion",
    "Receipt",
    "Record",
    "Release",
    "Result",
    "ScoreQuery",
    "SpanQuery",
    "Telemetry",
    "Ticket",
    "Used",
    "open_database",
    "reading",
    "writing",
]

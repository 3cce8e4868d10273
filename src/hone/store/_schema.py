"""Every table of the database, once. The same definitions serve SQLite and PostgreSQL; migrations lead up to them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

# SQLite gives 64-bit row ids to INTEGER keys alone; PostgreSQL needs BIGINT for the same.
_Id = BigInteger().with_variant(Integer(), "sqlite")

# -- telemetry ---------------------------------------------------------------------------------------------------

journal = Table(
    "journal",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),  # span | score | event
    Column("rows", Integer, nullable=False),
    Column("batch", LargeBinary, nullable=False),  # one Arrow IPC stream, lz4
    Column("created", BigInteger, nullable=False),  # ns
    sqlite_autoincrement=True,  # an id is never used again, so `id > seen` finds every new row
)

segments = Table(
    "segments",
    metadata,
    Column("id", String(64), primary_key=True),  # time-ordered; the stem of its files
    Column("kind", String(16), nullable=False),
    Column("rows", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("min_time", BigInteger, nullable=False),  # ns, of the rows' start or time
    Column("max_time", BigInteger, nullable=False),
    Column("bodies_from", BigInteger, nullable=False),  # ns; older rows have lost input and output to retention
    Column("created", BigInteger, nullable=False),
    Index(None, "kind", "max_time"),
)

# Counts the changes of `segments`. A process that finds the same number has missed nothing but new journal rows, so a
# commit need not read the manifest. Anything derived from the rows would overlook a segment that came and went.
manifest = Table(
    "manifest",
    metadata,
    Column("id", Integer, primary_key=True),  # 1
    Column("version", BigInteger, nullable=False),
)

# -- catalog -----------------------------------------------------------------------------------------------------

prompt_versions = Table(
    "prompt_versions",
    metadata,
    Column("project", String(200), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("version", Integer, primary_key=True),  # 1, 2, 3 ... per prompt
    Column("sha256", String(64), nullable=False),
    Column("source", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("by", String(200), nullable=False),
    UniqueConstraint("project", "name", "sha256"),
)

prompt_labels = Table(
    "prompt_labels",
    metadata,
    Column("project", String(200), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("label", String(200), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("by", String(200), nullable=False),
)

releases = Table(
    "releases",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("project", String(200), nullable=False),
    Column("environment", String(200), nullable=False),
    Column("task", String(200), nullable=False),
    Column("weights", Text, nullable=False),  # JSON object, variant -> share
    Column("action", String(32), nullable=False),  # seed | apply | promote | rollback | canary
    Column("reason", Text),
    Column("created", BigInteger, nullable=False),
    Column("by", String(200), nullable=False),
    Index(None, "project", "environment", "task", "id"),
)

knowledge_builds = Table(
    "knowledge_builds",
    metadata,
    Column("id", String(64), primary_key=True),  # the snapshot id that retrieval spans carry
    Column("project", String(200), nullable=False),
    Column("name", String(200), nullable=False),
    Column("sha256", String(64), nullable=False),  # of the sources and settings it was built from
    Column("chunks", Integer, nullable=False),
    Column("created", BigInteger, nullable=False),
    Index(None, "project", "name", "created"),
)

chunks = Table(
    "chunks",
    metadata,
    Column("build", String(64), ForeignKey("knowledge_builds.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("text", Text, nullable=False),
)

dataset_versions = Table(
    "dataset_versions",
    metadata,
    Column("project", String(200), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("version", Integer, primary_key=True),  # 1, 2, 3 ... per dataset
    Column("sha256", String(64), nullable=False),  # of the examples, in whatever order they stand
    Column("examples", Integer, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("by", String(200), nullable=False),
    UniqueConstraint("project", "name", "sha256"),
)

experiments = Table(
    "experiments",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("project", String(200), nullable=False),
    Column("task", String(200), nullable=False),
    Column("dataset", String(200), nullable=False),
    Column("dataset_sha256", String(64), nullable=False),
    Column("split", String(32)),  # dev | held-out | null for all
    Column("examples", Integer, nullable=False),
    Column("variants", Text, nullable=False),  # JSON object, variant -> SHA-256 of its configuration
    Column("evaluators", Text, nullable=False),  # JSON list of names
    Column("metrics", Text, nullable=False),  # JSON object, metric -> {kind, direction}
    Column("key", String(64), nullable=False),  # what a rerun has in common with the run it continues
    Column("state", String(32), nullable=False),  # running | done | interrupted
    Column("created", BigInteger, nullable=False),
    Column("by", String(200), nullable=False),
    Column("repeats", Integer, nullable=False),  # how often each variant answers each example
    Column("cells", Text, nullable=False),  # JSON object, variant -> {variant, model, parameters} where it is another's
    Column("figures", Text, nullable=False),  # JSON list: numbers of a variant as a whole
    Column("note", Text),  # why it ended before all was asked
    Column("of", Integer),  # examples that there are, where only some of them were to be asked
    Column("early", Text, nullable=False),  # JSON, what a run was settled by that ended early; null of any other
    Index(None, "project", "created"),
    Index(None, "project", "key"),
)

results = Table(
    "results",
    metadata,
    Column("experiment", String(64), ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True),
    Column("variant", String(200), primary_key=True),
    Column("example", String(200), primary_key=True),
    Column("repeat", Integer, primary_key=True),  # 0, 1, 2 ...
    Column("key", String(64), nullable=False),  # SHA-256 of all that the answer depends on; empty: not known
    Column("source", String(64)),  # the experiment that asked, where it was another one
    Column("input", Text, nullable=False),  # JSON, so that a report reads without the dataset
    Column("group", Text),  # that of the example
    Column("tags", Text, nullable=False),  # JSON list, of the example
    Column("output", Text, nullable=False),
    Column("error", Text),  # the call failed; its first word is the class of error
    Column("judgements", Text, nullable=False),  # JSON list of {name, value, explanation}
    Column("trace_id", String(64)),
    Column("span_id", String(64)),
    Column("seconds", Float),
    Column("cost", Float),  # dollars
    Column("details", Text),  # JSON object: what else came with the answer, for evaluators to come
    Column("created", BigInteger, nullable=False),
)

# -- access ------------------------------------------------------------------------------------------------------

access_keys = Table(
    "access_keys",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("project", String(200), nullable=False),
    Column("name", String(200), nullable=False),
    Column("sha256", String(64), nullable=False),  # of the secret, which is kept nowhere
    Column("ending", String(8), nullable=False),  # the last characters of the secret, to tell keys apart by
    Column("settings", Text, nullable=False),  # JSON: what the key may ask for, and how much of it
    Column("created", BigInteger, nullable=False),
    Column("by", String(200), nullable=False),
    Column("expires", BigInteger),  # ns
    Column("revoked", BigInteger),  # ns
    Column("changed", BigInteger, nullable=False),  # ns; who keeps keys in memory looks for a newer one
    UniqueConstraint("sha256"),
    Index(None, "project", "changed"),
)

# What a budget has used, for each value of whatever it is counted by.
accounts = Table(
    "accounts",
    metadata,
    Column("project", String(200), primary_key=True),
    Column("budget", String(200), primary_key=True),
    Column("who", String(200), primary_key=True),
    Column("measure", String(16), primary_key=True),  # spend | calls | tokens
    Column("since", BigInteger, nullable=False),  # ns: the start of the period, or when a leaking level was last read
    Column("used", Float, nullable=False),  # dollars, calls or tokens
    Column("until", BigInteger, nullable=False),  # ns; after it the row says nothing any more
)

# What each process may use without asking again. Together with `used` it never passes a limit.
holds = Table(
    "holds",
    metadata,
    Column("project", String(200), primary_key=True),
    Column("budget", String(200), primary_key=True),
    Column("who", String(200), primary_key=True),
    Column("measure", String(16), primary_key=True),
    Column("process", String(64), primary_key=True),
    Column("amount", Float, nullable=False),
    Column("seen", BigInteger, nullable=False),  # ns: a process that has not renewed for long is dead
)

embeddings = Table(
    "embeddings",
    metadata,
    Column("model", String(64), primary_key=True),  # SHA-256 of the model: vectors of two models never mix
    Column("text", String(64), primary_key=True),  # SHA-256 of what was embedded
    Column("vector", LargeBinary, nullable=False),  # float32, little-endian
)

# -- files and batches -------------------------------------------------------------------------------------------

# What callers have uploaded, and what batches have made. The bytes lie beside the telemetry, one blob a row.
files = Table(
    "files",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("project", String(200), nullable=False),
    Column("owner", String(200)),  # the key it belongs to; null: the house
    Column("name", Text, nullable=False),
    Column("purpose", String(32), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger),  # ns
    Index(None, "project", "created", "id"),
)

batches = Table(
    "batches",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("project", String(200), nullable=False),
    Column("owner", String(200)),  # the key it runs by; null: the house
    Column("caller", Text, nullable=False),  # JSON: user, session and tags of every call
    Column("endpoint", String(64), nullable=False),
    Column("input_file", String(64), nullable=False),
    Column("metadata", Text, nullable=False),  # JSON object or null
    Column("output_seconds", BigInteger),  # how long what it makes is kept; null: for ever
    Column("status", String(16), nullable=False),
    Column("errors", Text, nullable=False),  # JSON list: what is wrong with the input
    Column("models", Text, nullable=False),  # JSON list: what its lines ask for
    Column("total", Integer, nullable=False),
    Column("completed", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("usage", Text, nullable=False),  # JSON object or null: the tokens of its answers
    Column("output_file", String(64)),
    Column("error_file", String(64)),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("times", Text, nullable=False),  # JSON object, status -> ns at which it was reached
    Column("worker", String(64)),  # the process that works on it
    Column("worker_until", BigInteger),  # ns: when others may take it over
    Index(None, "project", "created", "id"),
    Index(None, "project", "status"),
)

# The answers of a batch that is not finished yet. The primary key sees to it that no line has two.
batch_lines = Table(
    "batch_lines",
    metadata,
    Column("batch", String(64), ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True),
    Column("line", Integer, primary_key=True),  # of the input file, from 1
    Column("succeeded", Boolean, nullable=False),
    Column("answer", LargeBinary, nullable=False),  # the line of the output as it will be written
)

# -- answers that may be used again ------------------------------------------------------------------------------

cached_answers = Table(
    "cached_answers",
    metadata,
    Column("address", String(64), primary_key=True),  # SHA-256 of all that the answer depends on
    Column("project", String(200), nullable=False),
    Column("environment", String(200), nullable=False),
    Column("task", String(200), nullable=False),  # empty for a plain model call
    Column("body", LargeBinary, nullable=False),  # the whole answer, zlib
    Column("trace_id", String(64), nullable=False),  # of the call that was answered so
    Column("scope", String(64)),  # SHA-256 of all that but the question, where alike ones may share an answer
    Column("question", Text),
    Column("vector", LargeBinary),  # of the question: float32, little-endian
    Column("created", BigInteger, nullable=False),  # ns
    Column("expires", BigInteger, nullable=False),  # ns
    Index(None, "project", "task"),
    Index(None, "scope", "created"),
    Index(None, "expires"),
)

# When answers were cleared, so that processes let go of what they hold in memory.
cache_clears = Table(
    "cache_clears",
    metadata,
    Column("project", String(200), primary_key=True),
    Column("task", String(200), primary_key=True),  # `*` for all
    Column("time", BigInteger, nullable=False),  # ns; older answers are gone
)

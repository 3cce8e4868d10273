"""Results by what they depend on, repeated ones, and numbers of a variant as a whole."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_KEPT = "experiment, variant, example, input, output, error, judgements, trace_id, span_id, seconds, cost, created"


def upgrade() -> None:
    op.add_column("experiments", sa.Column("repeats", sa.Integer, nullable=False, server_default="1"))
    op.add_column("experiments", sa.Column("cells", sa.Text, nullable=False, server_default="{}"))
    op.add_column("experiments", sa.Column("figures", sa.Text, nullable=False, server_default="[]"))
    op.add_column("experiments", sa.Column("note", sa.Text))
    op.add_column("experiments", sa.Column("of", sa.Integer))
    op.add_column("experiments", sa.Column("early", sa.Text, nullable=False, server_default="null"))
    _results()


def _results() -> None:
    """SQLite cannot change a primary key, so the rows move to a new table."""
    op.rename_table("results", "old_results")
    if op.get_bind().dialect.name == "postgresql":
        # There, the names of constraints and indexes are those of the whole schema.
        op.execute("ALTER TABLE old_results RENAME CONSTRAINT pk_results TO pk_old_results")
    op.create_table(
        "results",
        sa.Column("experiment", sa.String(64), nullable=False),
        sa.Column("variant", sa.String(200), nullable=False),
        sa.Column("example", sa.String(200), nullable=False),
        sa.Column("repeat", sa.Integer, nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("source", sa.String(64)),
        sa.Column("input", sa.Text, nullable=False),
        sa.Column("group", sa.Text),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("output", sa.Text, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("judgements", sa.Text, nullable=False),
        sa.Column("trace_id", sa.String(64)),
        sa.Column("span_id", sa.String(64)),
        sa.Column("seconds", sa.Float),
        sa.Column("cost", sa.Float),
        sa.Column("details", sa.Text),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["experiment"], ["experiments.id"], name="fk_results_experiment", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("experiment", "variant", "example", "repeat", name="pk_results"),
    )
    op.execute(f"INSERT INTO results ({_KEPT}, repeat, key, tags) SELECT {_KEPT}, 0, '', '[]' FROM old_results")  # noqa: S608
    op.drop_table("old_results")

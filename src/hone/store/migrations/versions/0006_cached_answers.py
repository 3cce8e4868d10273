"""Answers that may be used again."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "cached_answers",
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("project", sa.String(200), nullable=False),
        sa.Column("environment", sa.String(200), nullable=False),
        sa.Column("task", sa.String(200), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("trace_id", sa.String(64), nullable=False),
        sa.Column("scope", sa.String(64)),
        sa.Column("question", sa.Text),
        sa.Column("vector", sa.LargeBinary),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("address", name="pk_cached_answers"),
    )
    op.create_index("ix_cached_answers_project_task", "cached_answers", ["project", "task"])
    op.create_index("ix_cached_answers_scope_created", "cached_answers", ["scope", "created"])
    op.create_index("ix_cached_answers_expires", "cached_answers", ["expires"])
    op.create_table(
        "cache_clears",
        sa.Column("project", sa.String(200), nullable=False),
        sa.Column("task", sa.String(200), nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project", "task", name="pk_cache_clears"),
    )

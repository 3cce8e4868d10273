"""Files of callers, and batches of calls."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "files",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("project", sa.String(200), nullable=False),
        sa.Column("owner", sa.String(200)),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_files"),
    )
    op.create_index("ix_files_project_created_id", "files", ["project", "created", "id"])
    op.create_table(
        "batches",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("project", sa.String(200), nullable=False),
        sa.Column("owner", sa.String(200)),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("endpoint", sa.String(64), nullable=False),
        sa.Column("input_file", sa.String(64), nullable=False),
        sa.Column("metadata", sa.Text, nullable=False),
        sa.Column("output_seconds", sa.BigInteger),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("errors", sa.Text, nullable=False),
        sa.Column("models", sa.Text, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("completed", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("usage", sa.Text, nullable=False),
        sa.Column("output_file", sa.String(64)),
        sa.Column("error_file", sa.String(64)),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.Column("times", sa.Text, nullable=False),
        sa.Column("worker", sa.String(64)),
        sa.Column("worker_until", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
    )
    op.create_index("ix_batches_project_created_id", "batches", ["project", "created", "id"])
    op.create_index("ix_batches_project_status", "batches", ["project", "status"])
    op.create_table(
        "batch_lines",
        sa.Column("batch", sa.String(64), nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("succeeded", sa.Boolean, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["batches.id"], name="fk_batch_lines_batch", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("batch", "line", name="pk_batch_lines"),
    )

"""Vectors of record: what an embedding model made of a text, by the content of both."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "embeddings",
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("text", sa.String(64), nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("model", "text", name="pk_embeddings"),
    )

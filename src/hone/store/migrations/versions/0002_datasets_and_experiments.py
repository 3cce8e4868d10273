"""Datasets and experiments: versions of datasets, what was run over them, and what came of each case."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _dataset_versions()
    _experiments()
    _results()


def _dataset_versions() -> None:
    op.create_table(
        "dataset_versions",
        sa.Column("project", sa.String(200), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("examples", sa.Integer, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("project", "name", "version", name="pk_dataset_versions"),
        sa.UniqueConstraint("project", "name", "sha256", name="uq_dataset_versions_project_name_sha256"),
    )


def _experiments() -> None:
    op.create_table(
        "experiments",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("project", sa.String(200), nullable=False),
        sa.Column("task", sa.String(200), nullable=False),
        sa.Column("dataset", sa.String(200), nullable=False),
        sa.Column("dataset_sha256", sa.String(64), nullable=False),
        sa.Column("split", sa.String(32)),
        sa.Column("examples", sa.Integer, nullable=False),
        sa.Column("variants", sa.Text, nullable=False),
        sa.Column("evaluators", sa.Text, nullable=False),
        sa.Column("metrics", sa.Text, nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_experiments"),
    )
    op.create_index("ix_experiments_project_created", "experiments", ["project", "created"])
    op.create_index("ix_experiments_project_key", "experiments", ["project", "key"])


def _results() -> None:
    op.create_table(
        "results",
        sa.Column("experiment", sa.String(64), nullable=False),
        sa.Column("variant", sa.String(200), nullable=False),
        sa.Column("example", sa.String(200), nullable=False),
        sa.Column("input", sa.Text, nullable=False),
        sa.Column("output", sa.Text, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("judgements", sa.Text, nullable=False),
        sa.Column("trace_id", sa.String(64)),
        sa.Column("span_id", sa.String(64)),
        sa.Column("seconds", sa.Float),
        sa.Column("cost", sa.Float),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["experiment"], ["experiments.id"], name="fk_results_experiment", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("experiment", "variant", "example", name="pk_results"),
    )

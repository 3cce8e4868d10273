"""What alembic runs to reach the database: the caller's connection, inside the caller's transaction."""

from alembic import context

from hone.store._schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # true of PostgreSQL, and of SQLite since every BEGIN there is ours
    render_as_batch=True,  # SQLite changes a table by making it anew
)
with context.begin_transaction():
    context.run_migrations()

"""Run by Alembic for each upgrade, on the connection `migrate` gives it."""

from alembic import context

from ivr.storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
)
with context.begin_transaction():
    context.run_migrations()

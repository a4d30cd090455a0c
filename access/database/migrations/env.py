"""Tells Alembic which database: the connection that `access.database.migrate` gives."""

from alembic import context

from access.database.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()

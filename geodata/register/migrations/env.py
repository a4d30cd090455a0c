"""Tells Alembic which database: the connection that `geodata.register.migrate` gives."""

from alembic import context

from geodata.register.database import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()

"""Bring the register's tables to the newest revision, with Alembic."""

from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Engine

from access.database.who import UPKEEP, show_as

_FOLDER = Path(__file__).parent / "migrations"


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Apply the migrations that the database lacks, all of them or none."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    with engine.connect().execution_options(register_writes=True) as connection, connection.begin():
        show_as(connection, UPKEEP)
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


@cache
def tables() -> frozenset[str]:
    """Return the names of the tables that the migrations make, as they make them in an empty database."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    upgrade(engine)
    with engine.connect() as connection:
        found = sa.inspect(connection).get_table_names()
    engine.dispose()
    return frozenset(found) - {"alembic_version"}

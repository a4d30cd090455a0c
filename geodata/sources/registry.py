"""Every source that a refresh can fetch, with its connector; the names are those of the catalogue."""

from geodata.errors import UnknownCodeError
from geodata.sources import osm, pdok, rivm, traces
from geodata.sources.cbs import tables as cbs_tables
from geodata.sources.connector import Connector

CONNECTORS: dict[str, Connector] = {
    **cbs_tables.CONNECTORS,
    **pdok.CONNECTORS,
    **osm.CONNECTORS,
    "traces": traces.CONNECTOR,
    "rivm": rivm.CONNECTOR,
}


def chosen(names: list[str]) -> list[str]:
    """Return the sources to refresh: those named, else all but the bulk ones.

    Raises
    ------
    UnknownCodeError
        A name is no source that can be fetched.

    Examples
    --------
    >>> chosen(["rivm"]), "osm_extract" in chosen([])
    (['rivm'], False)
    """
    unknown = [name for name in names if name not in CONNECTORS]
    if unknown:
        raise UnknownCodeError(f"Source {unknown[0]!r} cannot be refreshed; choose from: {', '.join(CONNECTORS)}.")
    return names or [name for name, connector in CONNECTORS.items() if not connector.is_bulk]

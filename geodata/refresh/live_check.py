"""One small question to each live source, and what differs from what the code expects."""

from collections.abc import Callable, Sequence

from geodata.errors import RisicobeeldError, UnknownCodeError
from geodata.sources import http, pdok
from geodata.sources.cbs import regions as cbs_regions
from geodata.sources.cbs import tables as cbs_tables
from geodata.sources.cbs.columns import Wanted
from geodata.sources.cbs.odata import missing_columns, stopped_live
from geodata.sources.registry import CONNECTORS

Question = Callable[[], list[str]]
"""Asks a source; returns one sentence for everything that differs."""


def _cbs(source_id: str, usual: str, wanted: dict[str, Wanted]) -> Question:
    def ask() -> list[str]:
        table_id = http.table(source_id, usual)
        return [*stopped_live(source_id, table_id), *missing_columns(source_id, table_id, wanted)]

    return ask


def _catalogue() -> list[str]:
    tables = cbs_regions.yearly_tables("cbs_catalog")
    return [] if max(tables) >= max(cbs_regions.KNOWN) else ["the newest Gebieden in Nederland is not listed"]


def _has(source_id: str, url: str, wanted: Sequence[str], what: str) -> list[str]:
    answer = http.get_json(source_id, url, {"f": "json"})
    found = {str(row.get("id")) for row in answer.get("collections", [])}
    return [f"{what} {name} is not served by {url}" for name in wanted if name not in found]


def _areas() -> list[str]:
    url = f"{http.base('pdok_api')}{pdok.AREAS_PATH}/collections"
    return _has("pdok_areas", url, [f"{name}_gegeneraliseerd" for name in pdok.COLLECTIONS], "collection")


def _top10nl() -> list[str]:
    url = f"{http.base('pdok_api')}{pdok.TOP10NL_PATHS[0]}/collections"
    return _has("pdok_parks", url, pdok.TOP10NL_COLLECTIONS, "collection")


def _geocoder() -> list[str]:
    url = f"{http.base('locatieserver')}/bzk/locatieserver/search/v3_1/free"
    answer = http.get_json("locatieserver", url, {"q": "Dam 1, Amsterdam", "rows": "1"})
    documents = answer.get("response", {}).get("docs", [])
    if not documents:
        return ["the geocoder does not find Dam 1, Amsterdam"]
    return [f"the geocoder gives no {field}" for field in ("centroide_rd", "gemeentecode") if field not in documents[0]]


QUESTIONS: dict[str, Question] = {
    "cbs_catalog": _catalogue,
    "cbs_regions": _cbs("cbs_regions", cbs_regions.TABLE, cbs_regions.WANTED),
    **{name: _cbs(name, table_id, wanted) for name, (table_id, wanted) in cbs_tables.TABLES.items()},
    "pdok_areas": _areas,
    "pdok_top10nl": _top10nl,
    "locatieserver": _geocoder,
    **{name: connector.ask for name, connector in CONNECTORS.items() if connector.ask is not None},
}


def check(names: Sequence[str] = ()) -> dict[str, list[str]]:
    """Ask the sources; return per source what differs, nothing where all is as expected.

    Raises
    ------
    UnknownCodeError
        A name is no source that can be asked.
    """
    unknown = [name for name in names if name not in QUESTIONS]
    if unknown:
        raise UnknownCodeError(f"Source {unknown[0]!r} cannot be asked; choose from: {', '.join(QUESTIONS)}.")
    found = {}
    for name in names or QUESTIONS:
        try:
            found[name] = QUESTIONS[name]()
        except RisicobeeldError as error:
            found[name] = [str(error)]
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            found[name] = [
                f"Source {name}: its answer has another layout ({error!r}); compare it with docs/sources.md."
            ]
    return found

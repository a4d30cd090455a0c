"""One small question to each live source, and what differs from what the code expects."""

from collections.abc import Callable, Sequence

from geodata.errors import RisicobeeldError, UnknownCodeError
from geodata.sources import http, osm, pdok, rivm, traces
from geodata.sources.cbs import regions as cbs_regions
from geodata.sources.cbs import tables as cbs_tables
from geodata.sources.cbs.columns import Wanted
from geodata.sources.cbs.odata import missing_columns, stopped_live

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


def _osm() -> list[str]:
    ql = osm.question("slaughterhouse").replace("out center tags;", "out count;")
    elements = osm.ask("osm", ql)["elements"]
    return [] if elements else ["Overpass counts nothing"]


def _traces() -> list[str]:
    listed = traces.sections()
    return [f"section {code} is not listed" for code in traces.SECTIONS[:2] if code not in listed]


def _rivm() -> list[str]:
    header = http.first_bytes("rivm", f"{http.base('rivm')}{rivm.FOLDERS[0]}/{rivm.FILES[1]}", 500)
    return [f"column {name} is not in the file" for name in rivm.COLUMNS if name not in header]


def _extract() -> list[str]:
    mark = http.first_bytes("osm_extract", f"{http.base('geofabrik')}{osm.EXTRACT}.md5", 100)
    return [] if len(mark.split()[0] if mark.split() else "") == 32 else ["the checksum of the extract is no MD5"]


QUESTIONS: dict[str, Question] = {
    "cbs_catalog": _catalogue,
    "cbs_regions": _cbs("cbs_regions", cbs_regions.TABLE, cbs_regions.WANTED),
    **{name: _cbs(name, table_id, wanted) for name, (table_id, wanted) in cbs_tables.TABLES.items()},
    "pdok_areas": _areas,
    "pdok_top10nl": _top10nl,
    "locatieserver": _geocoder,
    "osm": _osm,
    "osm_extract": _extract,
    "traces": _traces,
    "rivm": _rivm,
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

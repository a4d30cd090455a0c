"""The data dictionary: every table, column, unit, code and source in one file that a program can read.

Made from the contracts, the catalogue of sources and the declaration of the index, so that it cannot fall behind
them. A table's fields follow the Table Schema of Frictionless Data (https://specs.frictionlessdata.io/table-schema/),
with ``unit``, ``secrecy`` and both languages beside it. It holds no figure of anybody: whoever may ask may read it.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import pandera.pandas as pa

from geodata import codes, contracts, site_kinds
from geodata.contracts.schema import Contract, Secrecy
from geodata.contracts.tables import KIND_RULE
from geodata.snapshots.manifests import SourceRecord
from geodata.sources import catalogue
from risk.index.classify import CLASS_NAMES
from risk.index.declaration import Model
from words import LANGUAGES, in_each, read_texts

_UNITS: Final = {"_per_100k": "per 100 000", "_0_10": "0-10", "_km2": "km2", "_pct": "%", "_n": "1", "_m": "m"}
_TYPES: Final = {"float": "number", "int": "integer", "bool": "boolean", "datetime": "date", "string": "string"}
_OF_CHECK: Final = {
    "isin": ("enum", "allowed_values"),
    "str_matches": ("pattern", "pattern"),
    "greater_than_or_equal_to": ("minimum", "min_value"),
    "less_than_or_equal_to": ("maximum", "max_value"),
}


def dictionary(model: Model, records: Iterable[SourceRecord]) -> dict[str, Any]:
    """Return the data dictionary, ready for JSON.

    Parameters
    ----------
    model
        The index in use; its indicators are codes of the tables.
    records
        The sources of the snapshot in use; they say how old each source is.

    Examples
    --------
    >>> from risk.index.model import load_model
    >>> [one["name"] for one in dictionary(load_model(), ())["tables"]][:2]
    ['gemeenten', 'veiligheidsregios']
    """
    dates = {record.source_id: record.source_date for record in records}
    return {
        "title": _words("app.title"),
        "schema": "https://specs.frictionlessdata.io/table-schema/",
        "model_version": model.version,
        "tables": [_table(contract) for contract in contracts.CONTRACTS.values()],
        "also_in_files": [{"name": name, "means": _words(f"column_means.{name}")} for name in _also_in_files()],
        "codes": _codes(),
        "indicators": [
            {
                "code": one.code,
                "name": _both(one.name),
                "unit": _both(one.unit),
                "route": one.route,
                "direction": one.direction,
                "why": _both(one.why),
                "evidence": list(one.evidence),
            }
            for one in model.areas.indicators
        ],
        "sources": [_source(one, dates.get(one.source_id, "")) for one in catalogue.SOURCES.values()],
    }


def as_json(model: Model, records: Iterable[SourceRecord]) -> bytes:
    """Return the data dictionary as a file: JSON in UTF-8."""
    return (json.dumps(dictionary(model, records), ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def meaning(table: str, column: str, language: str) -> str:
    """Return what a column of a table holds.

    Parameters
    ----------
    table
        Name of the table.
    column
        Name of the column.
    language
        ``nl`` or ``en``.

    Examples
    --------
    >>> meaning("contacts", "name", "en"), meaning("sites", "name", "en") == meaning("contacts", "name", "en")
    ('Name of the person or the service', False)
    """
    texts = read_texts(language)
    own = f"column_means_in.{table}.{column}"
    return texts(own if own in texts else f"column_means.{column}")


def _table(contract: Contract) -> dict[str, Any]:
    fields = [_field(contract, name, column) for name, column in contract.schema.columns.items()]
    if contract.is_spatial:
        described = {language: meaning(contract.name, "geometry", language) for language in LANGUAGES}
        fields.append({"name": "geometry", "type": "geojson", "unit": "m", "crs": codes.CRS_RD, "means": described})
    return {
        "name": contract.name,
        "title": _words(f"table_means.{contract.name}"),
        "schema": {"fields": fields, "primaryKey": list(contract.key)},
        "counts_of_persons": contract.persons.value,
        "sources": [one.source_id for one in catalogue.SOURCES.values() if contract.name in one.feeds],
    }


def _field(contract: Contract, name: str, column: pa.Column) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": name,
        "type": next(kind for prefix, kind in _TYPES.items() if str(column.dtype).startswith(prefix)),
        "means": {language: meaning(contract.name, name, language) for language in LANGUAGES},
    }
    if unit := _unit(name):
        found["unit"] = unit
    limits: dict[str, Any] = {"required": not column.nullable}
    for check in column.checks:
        if check.name == KIND_RULE:  # the list grows with the kinds that an installation adds
            limits["enum"] = list(site_kinds.codes())
            continue
        key, value = _OF_CHECK[str(check.name)]
        told = check.statistics[value]
        limits[key] = list(told) if key == "enum" else told
    found["constraints"] = limits
    secrecy = contract.secrecy(name)
    if secrecy != Secrecy.OPEN:
        found["secrecy"] = secrecy.value
    return found


def _also_in_files() -> list[str]:
    """Return the columns that files carry and no table holds, such as the words of a class."""
    held = {name for contract in contracts.CONTRACTS.values() for name in contract.columns}
    known = (
        name.removeprefix("column_means.") for name in read_texts("nl").names() if name.startswith("column_means.")
    )
    return sorted(set(known) - held)


def _unit(name: str) -> str:
    """Return the unit that stands in a column's name.

    Examples
    --------
    >>> [_unit(name) for name in ("cases_n", "land_area_km2", "score_0_10", "vr_name")]
    ['1', 'km2', '0-10', '']
    """
    return next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), "")


def _codes() -> dict[str, list[dict[str, Any]]]:
    """Return the closed lists with what each code means, and of a sector its codes of SBI 2008."""
    sectors = [
        {"code": one.code, "nl": one.name_nl, "en": one.name_en, "sbi2008": list(one.sbi2008)}
        for one in codes.SECTORS.values()
    ]
    return {
        "sector_code": sectors,
        "kind": [_kind(kind) for kind in site_kinds.codes()],
        "status": [_code(status.value, f"status.{status}") for status in codes.Status],
        "located": [_code(one, f"located.{one}") for one in codes.LOCATED],
        "missing_reason": [_code(one.value, f"missing_means.{one.value}") for one in codes.MissingReason if one.value],
        "risk_class": [{"code": number, **_both(name)} for number, name in CLASS_NAMES.items()],
    }


def _kind(code: str) -> dict[str, Any]:
    return {"code": code, **in_each(lambda texts: site_kinds.name(code, texts))}


def _code(code: str, name: str) -> dict[str, Any]:
    return {"code": code, **_words(name)}


def _source(source: catalogue.Source, source_date: str) -> dict[str, Any]:
    return {
        "id": source.source_id,
        "title": source.title,
        "publisher": source.publisher,
        "address": source.address,
        "licence": source.licence,
        "attribution": source.attribution,
        "status": source.status.value,
        "feeds": list(source.feeds),
        "new_after_days": source.cadence_days,
        "who_may_see_it": source.secrecy.value,
        "source_date": source_date,
    }


def _words(name: str) -> dict[str, str]:
    return in_each(lambda texts: texts(name))


def _both(text: Any) -> Mapping[str, str]:
    return {language: text[language] for language in LANGUAGES}

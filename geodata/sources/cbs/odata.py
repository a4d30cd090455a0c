"""CBS StatLine, OData v3 through the ``cbsodata`` client, and v4 for tables that are only served there.

Codes are kept and stripped of their padding; `geodata.sources.cbs.question` finds the columns. The rows of v4, one
per figure, are made into the layout of v3.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from geodata import settings
from geodata.errors import SourceError
from geodata.snapshots import formats as store
from geodata.sources import http
from geodata.sources.cbs.question import (
    DATA,
    Resources,
    Rows,
    Wanted,
    Where,
    chosen_keys,
    factor,
    filter_text,
    refuse_empty,
    resolve,
    topics,
)
from geodata.sources.http import NotThereError, Progress, UnreachableError

_STOPPED = ("gediscontinueerd", "vervallen")
"""What StatLine writes of a table that it no longer fills (OutputStatus in v3, Status in v4)."""
_DIMENSION_TYPES = ("Dimension", "TimeDimension", "GeoDimension", "GeoDetail")


def missing_columns(source_id: str, table_id: str, wanted: Mapping[str, Wanted]) -> list[str]:
    """Return a sentence for each wanted column that the live table does not have, optional ones included.

    Parameters
    ----------
    source_id
        Of `geodata.sources.catalogue`.
    table_id
        Of StatLine, such as ``85039NED``.
    wanted
        Per name, how the title of its column is known.

    Raises
    ------
    SourceError
        The table cannot be asked.
    """
    found = topics(_meta(source_id, table_id, "DataProperties"))
    differences = []
    for name, column in wanted.items():
        try:
            resolve(source_id, table_id, found, {name: Wanted(column.pattern)})
        except SourceError as error:
            differences.append(str(error))
    return differences


def fetch(
    source_id: str,
    table_id: str,
    wanted: Mapping[str, Wanted],
    where: Where,
    folder: Path,
    *,
    name: str = "",
    progress: Progress,
) -> Path:
    """Fetch the part of a table that a connector needs and store the answers as one JSON file.

    The version of the table (its ``Modified`` date) is asked first: a part that was fetched before from the
    same version comes from the cache on disk. A table that v3 does not serve, or while v3 does not answer, is asked
    of v4.

    Parameters
    ----------
    wanted
        The columns to take; with none, all columns.
    where
        Per dimension, which members to take. The rows are filtered again when read.
    name
        Name of the file, without ending; default the table's id.

    Raises
    ------
    SourceError
        The table cannot be had, has lost a column, or gives no row.
    """
    progress(0, 3)
    try:
        return _fetch_v3(source_id, table_id, wanted, where, folder / f"{name or table_id}.json", progress)
    except (NotThereError, UnreachableError) as first:
        try:
            return fetch_v4(source_id, table_id, where, folder / f"{name or table_id}.json", progress)
        except NotThereError as second:
            if isinstance(first, NotThereError):
                raise SourceError(
                    f"Source {source_id}: StatLine does not serve table {table_id} any more (HTTP 404, v3 and v4);"
                    f" {_successor(source_id)}"
                ) from second
            raise first from second
        except SourceError as second:
            raise (second if isinstance(first, NotThereError) else first) from second


def _fetch_v3(
    source_id: str, table_id: str, wanted: Mapping[str, Wanted], where: Where, target: Path, progress: Progress
) -> Path:
    info = _meta(source_id, table_id, "TableInfos")
    properties = _meta(source_id, table_id, "DataProperties")
    dimensions = [row["Key"] for row in properties if row.get("Type") in _DIMENSION_TYPES]
    chosen = resolve(source_id, table_id, topics(properties), wanted)
    select = [*dimensions, *(topic.key for topic in chosen.values())] if wanted else None
    filters = _filter(source_id, table_id, where, {name: _meta(source_id, table_id, name) for name in dimensions})
    progress(1, 3)
    modified = str(info[0].get("Modified", "")) if info else ""
    cached = _cache_path(table_id, modified, f"{_status(info)}|{select}|{filters}")
    if modified and cached.is_file():
        content = cached.read_bytes()
    else:
        content = json.dumps(_download(source_id, table_id, select, filters), ensure_ascii=False).encode()
        if modified:
            cached.parent.mkdir(parents=True, exist_ok=True)
            with store.whole_file(cached) as part:
                part.write_bytes(content)
    target.write_bytes(content)
    progress(3, 3)
    return target


def _status(info: Rows) -> str:
    return str((info[0].get("OutputStatus") or info[0].get("Status") or "") if info else "").strip().lower()


def _successor(source_id: str) -> str:
    return (
        "what we have of it stays in use. Look on https://opendata.cbs.nl/statline for the table that follows it, name"
        f' it in the file of RISICOBEELD_SOURCES ([tables], {source_id} = "..."), and refresh again.'
    )


def stopped(source_id: str, table_id: str, path: Path) -> str:
    """Return a sentence where StatLine says of a stored table that it is no longer filled; '' while it is.

    Parameters
    ----------
    source_id
        Of `geodata.sources.catalogue`.
    table_id
        Of StatLine, such as ``85039NED``.
    path
        Of the stored table.

    Raises
    ------
    SourceError
        The file is no stored table.
    """
    content = _stored(source_id, path)
    info = content.get("TableInfos") or content.get("Properties") or []
    if _status(info) not in _STOPPED:
        return ""
    changed = str(info[0].get("Modified", ""))[:10]
    return (
        f"Source {source_id}: StatLine stopped table {table_id} ({_status(info)}, last changed {changed or '?'});"
        f" {_successor(source_id)} Its last figures are taken with: refresh --accept {source_id}."
    )


def stopped_live(source_id: str, table_id: str) -> list[str]:
    """Ask StatLine whether a table is still filled; return the sentence where it is not."""
    status = _status(_meta(source_id, table_id, "TableInfos"))
    return [f"StatLine stopped table {table_id} ({status}); {_successor(source_id)}"] if status in _STOPPED else []


def _stored(source_id: str, path: Path) -> Resources:
    try:
        content: Resources = json.loads(path.read_bytes())
    except ValueError as error:
        raise SourceError(f"Source {source_id}: {path.name} is no stored CBS table; fetch it again.") from error
    return content


def _cache_path(table_id: str, modified: str, question: str) -> Path:
    digest = hashlib.sha256(f"{http.base('cbs_v3')}|{modified}|{question}".encode()).hexdigest()[:16]
    return settings.data_dir() / "cache" / "cbs" / f"{table_id}-{digest}.json"


def titles_with(source_id: str, text: str) -> dict[str, str]:
    """Return id and title of the tables in StatLine's list whose title holds a text.

    Raises
    ------
    SourceError
        The list cannot be had.
    """
    import cbsodata  # noqa: PLC0415 - slow to load, and only a fetch needs it

    host = _host("cbs_catalog")
    rows = http.call(
        source_id,
        "the table list of StatLine",
        lambda: cbsodata.get_table_list(
            select=["Identifier", "Title"], filters=f"substringof('{text}',Title)", catalog_url=host, **_options()
        ),
    )
    return {str(row["Identifier"]): str(row["Title"]) for row in rows if text in str(row.get("Title", ""))}


def _host(base: str = "cbs_v3") -> str:
    """Tell the client which host to ask, and how; return the host."""
    import cbsodata  # noqa: PLC0415 - idem

    parts = urlsplit(http.base(base))
    cbsodata.options.use_https = parts.scheme == "https"
    return parts.netloc


def _options() -> dict[str, Any]:
    # the client hands these to requests; it reads neither proxies nor certificates from the environment itself
    bundle = os.environ.get("REQUESTS_CA_BUNDLE")
    return {"timeout": http.timeout()} | ({"verify": bundle} if bundle else {})


def _meta(source_id: str, table_id: str, name: str) -> Rows:
    import cbsodata  # noqa: PLC0415 - idem

    host = _host()
    return http.call(
        source_id,
        f"table {table_id} ({name})",
        lambda: cbsodata.get_meta(table_id, name, catalog_url=host, **_options()),
    )


def _download(source_id: str, table_id: str, select: list[str] | None, filters: str) -> Resources:
    import cbsodata  # noqa: PLC0415 - idem

    host = _host()

    def ask() -> Resources:
        try:
            # typed=False is right: the client's flag is inverted and gives the typed set
            found: Resources = cbsodata.download_data(
                table_id, select=select, filters=filters or None, catalog_url=host, **_options()
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise SourceError(
                f"Source {source_id}: table {table_id} answers in another layout than OData v3 ({error!r});"
                " compare it with docs/sources.md."
            ) from error
        return found

    found = http.call(source_id, f"table {table_id}", ask)
    refuse_empty(source_id, table_id, found.get(DATA, []))
    return found


def _filter(source_id: str, table_id: str, where: Where, members: Mapping[str, Rows]) -> str:
    keys = {name: [str(row["Key"]) for row in rows] for name, rows in members.items()}
    titles = {name: _titles(rows) for name, rows in members.items()}
    return filter_text({name: chosen_keys(source_id, table_id, name, keys[name], titles[name], where) for name in keys})


def _titles(rows: Rows) -> dict[str, str]:
    return {str(row["Key"]).strip(): str(row.get("Title", "")).strip() for row in rows}


# --- reading -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """A part of a table as it was stored.

    Attributes
    ----------
    frame
        The dimensions (codes, stripped) and the wanted columns under their wanted names: figures as plain
        counts or square metres, texts stripped; NaN or '' where CBS gives nothing.
    titles
        Per dimension the title of each code.
    """

    frame: pd.DataFrame
    titles: Mapping[str, Mapping[str, str]]
    modified: str


def read(source_id: str, path: Path, table_id: str, wanted: Mapping[str, Wanted], where: Where) -> Table:
    """Read what `fetch` stored.

    Parameters
    ----------
    source_id
        Of `geodata.sources.catalogue`.
    path
        Of the stored table.
    table_id
        Of StatLine, such as ``85039NED``.
    wanted
        Per name, how the title of its column is known.
    where
        Per dimension, which members to take.

    Raises
    ------
    SourceError
        The file is not the part of a table that the connector expects.
    """
    content = _stored(source_id, path)
    try:
        if "Observations" in content:
            content = like_v3(content)
        properties, rows = content["DataProperties"], content[DATA]
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(f"Source {source_id}: {path.name} is no stored CBS table; fetch it again.") from error
    chosen = resolve(source_id, table_id, topics(properties), wanted)
    dimensions = [str(row["Key"]) for row in properties if row.get("Type") in _DIMENSION_TYPES]
    frame = typed_frame(rows, [*dimensions, *(topic.key for topic in chosen.values())], source_id, table_id)
    titles = {name: _titles(content.get(name, [])) for name in dimensions}
    names = {topic.key: name for name, topic in chosen.items()}
    for start, choose in where.items():
        for dimension in (name for name in dimensions if name.startswith(start)):
            frame = frame[frame[dimension].isin(choose(titles[dimension]))]
            names[dimension] = start
    refuse_empty(source_id, table_id, frame)
    for topic in chosen.values():
        if frame[topic.key].dtype == float:
            frame = frame.assign(**{topic.key: frame[topic.key] * factor(topic, source_id, table_id)})
    info = content.get("TableInfos") or [{}]
    titles = {names.get(name, name): found for name, found in titles.items()}
    return Table(frame.rename(columns=names).reset_index(drop=True), titles, str(info[0].get("Modified", "")))


def typed_frame(rows: Rows, columns: Sequence[str] | None, source_id: str, table_id: str) -> pd.DataFrame:
    """Return rows of a typed data set with stripped texts and numbers as floats.

    Parameters
    ----------
    rows
        As StatLine answers them.
    columns
        The ones to keep; None is all.
    source_id
        Of `geodata.sources.catalogue`.
    table_id
        Of StatLine, such as ``85039NED``.

    Raises
    ------
    SourceError
        A column is not in the rows.
    """
    frame = pd.DataFrame.from_records(rows)
    missing = [column for column in columns or [] if column not in frame.columns]
    if missing:
        raise SourceError(
            f"Source {source_id}: the rows of table {table_id} lack {missing[0]!r}, which the table declares;"
            " it is being re-issued: refresh again later."
        )
    frame = frame[list(columns)] if columns else frame
    typed = {
        name: column.astype(float)
        if pd.api.types.is_numeric_dtype(column) or column.isna().all()
        else column.fillna("").astype("str").str.strip()
        for name, column in frame.items()
    }
    return pd.DataFrame(typed)


def fetch_v4(source_id: str, table_id: str, where: Where, target: Path, progress: Progress) -> Path:
    """Fetch the part of a table that is asked for; all its answers go into one JSON file.

    Parameters
    ----------
    source_id
        Of `geodata.sources.catalogue`.
    table_id
        Of StatLine, such as ``85039NED``.
    where
        Per dimension, which members to take.
    target
        Where the file is kept.
    progress
        Is told how much is done.

    Raises
    ------
    SourceError
        The table cannot be had or gives no row.
    """
    url = f"{http.base('cbs_v4')}/odata/v1/CBS/{table_id}"

    def rows(name: str, params: Mapping[str, str] | None = None) -> Rows:
        answers = http.pages(source_id, f"{url}/{name}", params or {}, lambda page: page.get("@odata.nextLink"))
        return [row for page in answers for row in page.get("value", [])]

    properties = http.get_json(source_id, f"{url}/Properties")
    dimensions = [str(row["Identifier"]) for row in rows("Dimensions")]
    answers: dict[str, Any] = {"Properties": [properties], "MeasureCodes": rows("MeasureCodes")}
    if any(row.get("MeasureGroupId") for row in answers["MeasureCodes"]):
        answers["MeasureGroups"] = rows("MeasureGroups")
    chosen = {}
    for dimension in dimensions:
        answers[dimension] = rows(f"{dimension}Codes")
        titles = {str(row["Identifier"]).strip(): str(row.get("Title", "")).strip() for row in answers[dimension]}
        chosen[dimension] = chosen_keys(source_id, table_id, dimension, list(titles), titles, where)
    progress(1, 3)
    question = filter_text(chosen)
    answers["Observations"] = rows("Observations", {"$filter": question} if question else {})
    refuse_empty(source_id, table_id, answers["Observations"])
    target.write_text(json.dumps(answers, ensure_ascii=False), "utf-8")
    progress(3, 3)
    return target


def like_v3(answers: Resources) -> Resources:
    """Bring the answers of v4 into the layout of v3: a row per combination, a column per measure.

    v4 leaves empty cells out; they come back as missing, for every combination of the codes in the answer.
    """
    dimensions = [
        name for name in answers if name not in {"Properties", "MeasureCodes", "MeasureGroups", "Observations"}
    ]
    groups = {row["Id"]: row for row in answers.get("MeasureGroups", [])}
    properties: Rows = [
        {"ID": f"g{key}", "Type": "TopicGroup", "Title": row["Title"], "ParentID": f"g{row.get('ParentId')}"}
        for key, row in groups.items()
    ]
    properties += [{"ID": name, "Type": "Dimension", "Key": name, "Title": name} for name in dimensions]
    properties += [
        {
            "ID": row["Identifier"],
            "Type": "Topic",
            "Key": row["Identifier"],
            "Title": row["Title"],
            "Unit": row.get("Unit"),
            "ParentID": f"g{row.get('MeasureGroupId')}",
        }
        for row in answers["MeasureCodes"]
    ]
    observations = pd.DataFrame(answers["Observations"])
    for dimension in dimensions:
        observations[dimension] = observations[dimension].str.strip()
    wide = observations.pivot_table(
        index=dimensions, columns="Measure", values="Value", aggfunc="first", dropna=False, observed=True
    )
    grid = pd.MultiIndex.from_product([observations[name].unique() for name in dimensions], names=dimensions)
    data = wide.reindex(grid).reset_index()
    members = {
        name: [{"Key": row["Identifier"], "Title": row.get("Title", "")} for row in answers[name]]
        for name in dimensions
    }
    info = [{"Modified": answers["Properties"][0].get("Modified", "")}]
    return {"TableInfos": info, "DataProperties": properties, DATA: _records(data), **members}


def _records(data: pd.DataFrame) -> Rows:
    return [{str(key): value for key, value in row.items()} for row in data.to_dict("records")]

"""CBS OData v4, for tables that v3 does not serve: long rows, one per figure, made into the layout of v3."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from geodata.sources import http
from geodata.sources.cbs.question import DATA, Resources, Rows, Where, chosen_keys, filter_text, refuse_empty
from geodata.sources.http import Progress


def fetch(source_id: str, table_id: str, where: Where, target: Path, progress: Progress) -> Path:
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

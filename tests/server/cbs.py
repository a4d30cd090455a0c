"""StatLine as it answers: OData v3 with padded keys and pages, the list of tables, and OData v4."""

import functools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.server.local import Answer, Request, Route

Rows = list[dict[str, Any]]
PAGE_N = 4_000


@dataclass
class Table:
    """A table of v3: its dimensions (padded keys and titles), its column declarations, and its rows."""

    table_id: str
    dimensions: dict[str, list[tuple[str, str]]]
    properties: Rows
    rows: Rows
    title: str = ""
    modified: str = "2026-06-01T02:00:00"
    status: str = "Regulier"
    extra: dict[str, Rows] = field(default_factory=dict)

    def resources(self) -> dict[str, Rows]:
        info = {"ID": 0, "Identifier": self.table_id, "Title": self.title, "Modified": self.modified}
        info["OutputStatus"] = self.status
        codes = {
            name: [{"Key": key, "Title": title, "Description": "", "CategoryGroupID": None} for key, title in members]
            for name, members in self.dimensions.items()
        }
        return {
            "TableInfos": [info],
            "UntypedDataSet": self.rows,
            "TypedDataSet": self.rows,
            "DataProperties": self.properties,
            "CategoryGroups": [],
            **codes,
        }


def declare(dimensions: dict[str, str], topics: list[tuple[str, str, str]], first_suffix: int = 1) -> Rows:
    """Return DataProperties: dimensions with their type, then topics as (key stem, path, unit).

    A path is ``heading > heading > title``; the number behind a key is its position, as at StatLine.
    """
    rows: Rows = [
        {"ID": number, "Position": number, "ParentID": None, "Type": kind, "Key": name, "Title": name}
        for number, (name, kind) in enumerate(dimensions.items())
    ]
    groups: dict[str, int] = {}
    for stem, path, unit in topics:
        *headings, title = path.split(" > ")
        parent = None
        for depth in range(len(headings)):
            key = " > ".join(headings[: depth + 1])
            if key not in groups:
                groups[key] = len(rows)
                rows.append(
                    {
                        "ID": len(rows),
                        "Position": None,
                        "ParentID": parent,
                        "Type": "TopicGroup",
                        "Key": "",
                        "Title": headings[depth],
                    }
                )
            parent = groups[key]
        number = sum(row["Type"] == "Topic" for row in rows) + first_suffix
        rows.append(
            {
                "ID": len(rows),
                "Position": len(rows),
                "ParentID": parent,
                "Type": "Topic",
                "Key": f"{stem}_{number}",
                "Title": title,
                "Datatype": "Long",
                "Unit": unit,
                "Decimals": 0,
            }
        )
    return rows


def keys_of(properties: Rows) -> list[str]:
    return [row["Key"] for row in properties if row["Type"] == "Topic"]


Test = Callable[[dict[str, Any]], bool]


@functools.cache
def _tests(question: str) -> tuple[Test, ...]:
    """Read once the parts of OData's $filter that clients of StatLine use; a row that fits passes each."""
    return tuple(_test(part) for part in (re.split(r" and (?![^(]*\))", question) if question else []))


def _test(part: str) -> Test:
    if start := re.fullmatch(r"startswith\((\w+),'([^']*)'\)", part):
        name, beginning = start.groups()
        return lambda row: str(row[name]).startswith(beginning)
    pairs = re.findall(r"(\w+) eq '([^']*)'", part)
    if not pairs:
        message = f"the local server does not know the filter {part!r}"
        raise ValueError(message)
    wanted = {name: {value for other, value in pairs if other == name} for name, _ in pairs}
    return lambda row: any(row[name] in values for name, values in wanted.items())


def fitting(rows: Rows, question: str) -> Rows:
    """Return the rows that fit OData's $filter."""
    tests = _tests(question)
    return [row for row in rows if all(test(row) for test in tests)]


def v3(tables: dict[str, Table]) -> Route:
    """Serve tables as OData v3: the feed in pages, ODataApi with its limit, the list of tables."""

    def route(request: Request) -> Answer | None:
        if request.path == "/ODataCatalog/Tables":
            listed = [{"Identifier": table.table_id, "Title": table.title} for table in tables.values()]
            wanted = re.fullmatch(r"substringof\('([^']*)',Title\)", request.params.get("$filter", ""))
            return _json({"value": [row for row in listed if not wanted or wanted[1] in row["Title"]]})
        match = re.fullmatch(r"/(ODataFeed|ODataApi)/odata/(\w+)/(\w*)", request.path)
        if not match or match[2] not in tables:
            return None
        api, table, name = match[1], tables[match[2]], match[3]
        resources = table.resources()
        host = f"http://{request.headers['Host']}"
        if not name:
            return _json({"value": [{"name": key, "url": f"{host}{request.path}{key}"} for key in resources]})
        if name not in resources:
            return None
        rows = fitting(resources[name], request.params.get("$filter", ""))
        select = request.params.get("$select", "")
        if select:
            rows = [{key: row[key] for key in select.split(",")} for row in rows]
        if api == "ODataApi" and len(rows) > 10_000:
            return Answer(b"The given query is not allowed on this table. (10000 records)", 500)
        skip = int(request.params.get("$skip", 0))
        body: dict[str, Any] = {"odata.metadata": f"{host}/$metadata#{name}", "value": rows[skip : skip + PAGE_N]}
        if len(rows) > skip + PAGE_N:
            query = "&".join(f"{key}={value}" for key, value in request.params.items() if key != "$skip")
            body["odata.nextLink"] = f"{host}{request.path}?{query}&$skip={skip + PAGE_N}"
        return _json(body)

    return route


def v4(recorded: dict[str, Path]) -> Route:
    """Serve recorded answers of OData v4, the observations in pages and filtered."""

    def route(request: Request) -> Answer | None:
        match = re.fullmatch(r"/odata/v1/CBS/(\w+)/(\w+)", request.path)
        if not match or match[1] not in recorded:
            return None
        folder, name = recorded[match[1]], match[2]
        files = {"Properties": "properties", "Dimensions": "dimensions", "MeasureCodes": "measure-codes"}
        if name != "Observations":
            path = folder / f"{files.get(name, 'codes-' + name.removesuffix('Codes'))}.json"
            return Answer(path.read_bytes()) if path.is_file() else None
        rows = fitting(_observations(folder), request.params.get("$filter", ""))
        skip = int(request.params.get("$skip", 0))
        body: dict[str, Any] = {"value": rows[skip : skip + PAGE_N]}
        if len(rows) > skip + PAGE_N:
            # another name for the same host, as behind a proxy
            asked = f"$filter={request.params['$filter']}&" if "$filter" in request.params else ""
            link = f"https://statline.invalid{request.path}?{asked}$skip={skip + PAGE_N}"
            body["@odata.nextLink"] = link
        return _json(body)

    return route


@functools.cache
def _observations(folder: Path) -> Rows:
    rows: Rows = json.loads((folder / "observations-page-1.json").read_bytes())["value"]
    return rows


def _json(content: object) -> Answer:
    return Answer(json.dumps(content).encode())

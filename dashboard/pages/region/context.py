"""What imported custom workbooks tell of a region and its gemeenten: each figure with status, source and date."""

import html

import pandas as pd

from dashboard.parts import tables
from door.store import ScopedStore
from geodata.intake.places import known_places
from words import Texts

_FIRST_N = 12
_MOST_N = 400  # of what a page can show; all of it stands in the export of the table


def section(texts: Texts, store: ScopedStore, vr_code: str = "") -> str:
    """Return the figures of a region ('' is every one that the viewer sees) as HTML; '' where there are none."""
    if not store.may("context"):
        return ""
    found = store.table("context")
    found = found[found["vr_code"] == vr_code] if vr_code else found
    if found.empty:
        return ""
    regions = dict(store.table("veiligheidsregios")[["vr_code", "vr_name"]].to_numpy())
    names = {**known_places().names, **regions}
    found = found.assign(name=found["region_code"].map(names).fillna(found["region_code"]))
    found = found.assign(is_part=found["region_code"] != found["vr_code"])
    found = found.sort_values(["is_part", "name", "source", "measure", "year"], ignore_index=True)
    title = texts("context.title")
    told = f"<h2>{html.escape(title)}</h2><p class='rb-muted'>{html.escape(texts('context.how'))}</p>"
    told += _table(texts, found.head(_FIRST_N), title)
    rest = found.iloc[_FIRST_N:_MOST_N]
    if len(rest):
        more = html.escape(texts("context.more", n=len(found) - _FIRST_N))
        told += f"<details><summary>{more}</summary>{_table(texts, rest, title)}"
        left_n = len(found) - _MOST_N
        told += f"<p>{html.escape(texts('context.rest', n=left_n))}</p>" if left_n > 0 else ""
        told += "</details>"
    return f'<section class="rb-page">{told}</section>'


def _table(texts: Texts, rows: pd.DataFrame, caption: str) -> str:
    heads = [texts(f"context.{name}") for name in ("area", "measure", "value", "status", "source", "year")]
    return tables.table(caption, heads, [_row(texts, row) for _, row in rows.iterrows()], numeric=(2,))


def _row(texts: Texts, row: pd.Series) -> list[str]:
    value, why = row["value"], str(row["missing_reason"])
    if pd.isna(value):
        shown = html.escape(texts(f"missing_means.{why}") if f"missing_means.{why}" in texts else texts("context.none"))
    else:
        shown = texts.number(value, 0 if float(value).is_integer() else 1)
    told = html.escape(f"{row['source']}, {row['cell']}")
    return [
        html.escape(str(row["name"])),
        html.escape(str(row["measure"])),
        shown,
        html.escape(texts(f"status.{row['status']}")),
        told,
        html.escape(str(row["year"])),
    ]

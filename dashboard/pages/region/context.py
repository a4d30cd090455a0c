"""What imported custom workbooks tell of a region and its gemeenten: each figure with status, source and date."""

import pandas as pd
from markupsafe import Markup

from dashboard.parts import tables
from door.store import ScopedStore
from geodata.intake.places import known_places
from words import Texts

_FIRST_N = 12
_MOST_N = 400  # of what a page can show; all of it stands in the export of the table


def section(texts: Texts, store: ScopedStore, vr_code: str = "") -> Markup:
    """Return the figures of a region ('' is every one that the viewer sees) as HTML; '' where there are none.

    Parameters
    ----------
    texts, store
        Words of the reader's language and the tables as the viewer may see them.
    vr_code
        A veiligheidsregio; '' is all that the viewer sees.
    """
    if not store.may("context"):
        return Markup()
    found = store.table("context")
    found = found[found["vr_code"] == vr_code] if vr_code else found
    if found.empty:
        return Markup()
    regions = dict(store.table("veiligheidsregios")[["vr_code", "vr_name"]].to_numpy())
    names = {**known_places().names, **regions}
    found = found.assign(name=found["region_code"].map(names).fillna(found["region_code"]))
    found = found.assign(is_part=found["region_code"] != found["vr_code"])
    found = found.sort_values(["is_part", "name", "source", "measure", "year"], ignore_index=True)
    title = texts("context.title")
    told = Markup("<h2>{}</h2><p class='rb-muted'>{}</p>").format(title, texts("context.how"))
    told += _table(texts, found.head(_FIRST_N), title)
    rest = found.iloc[_FIRST_N:_MOST_N]
    if len(rest):
        more = texts("context.more", n=len(found) - _FIRST_N)
        told += Markup("<details><summary>{}</summary>{}").format(more, _table(texts, rest, title))
        left_n = len(found) - _MOST_N
        told += Markup("<p>{}</p>").format(texts("context.rest", n=left_n)) if left_n > 0 else ""
        told += Markup("</details>")
    return Markup('<section class="rb-page">{}</section>').format(told)


def _table(texts: Texts, rows: pd.DataFrame, caption: str) -> Markup:
    heads = [texts(f"context.{name}") for name in ("area", "measure", "value", "status", "source", "year")]
    return tables.table(caption, heads, [_row(texts, row) for _, row in rows.iterrows()], numeric=(2,))


def _row(texts: Texts, row: pd.Series) -> list[str]:
    value, why = row["value"], str(row["missing_reason"])
    if pd.isna(value):
        shown = texts(f"missing_means.{why}") if f"missing_means.{why}" in texts else texts("context.none")
    else:
        shown = texts.number(value, 0 if float(value).is_integer() else 1)
    told = f"{row['source']}, {row['cell']}"
    return [
        str(row["name"]),
        str(row["measure"]),
        shown,
        texts(f"status.{row['status']}"),
        told,
        str(row["year"]),
    ]

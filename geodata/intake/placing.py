"""What the rows of a file say of their gemeente, alike for every import, and what is told of it in the receipt."""

from collections.abc import Collection, Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.errors import InEach, UnknownCodeError
from geodata.intake.places import Kind, Place, Places
from geodata.intake.receipt import Receipt

_LISTED_N: Final = 20
_NAMED_N: Final = 6


def different(*given: pd.Series) -> tuple[NDArray[np.intp], list[tuple[str, ...]]]:
    """Return which combination of texts each row has, and every different combination once.

    Examples
    --------
    >>> number, found = different(pd.Series(["363", "228", "363"]), pd.Series(["Amsterdam", "Ede", "Amsterdam"]))
    >>> number.tolist(), found
    ([0, 1, 0], [('363', 'Amsterdam'), ('228', 'Ede')])
    """
    together = np.zeros(len(given[0]), np.int64)
    for column in given:
        codes, texts = pd.factorize(column)
        together = together * max(len(texts), 1) + codes
    number, _ = pd.factorize(together)
    _, first = np.unique(number, return_index=True)
    return number, list(zip(*(column.iloc[first] for column in given), strict=True))


def gemeente_of(given: str, name: str, province: str, places: Places) -> Place:
    """Return the gemeente that a code or a name gives; a column of names beside it helps where that says nothing.

    Parameters
    ----------
    given
        A code or a name.
    name
        What a column of names says; '' without one.
    province
        To tell two of one name apart; '' where not known.
    places
        The gemeenten by code and name, of every year.
    """
    found = places.find_in(given, province)
    if found.kind in (Kind.UNKNOWN, Kind.MISS) and name and name != given:
        other = places.find_in(name, province)
        return other if found.kind is Kind.UNKNOWN or other.kind is Kind.GEMEENTE else found
    return found


def first_names(codes: Collection[str], places: Places) -> str:
    """Return the first names of some gemeenten by the alphabet, with an ellipsis where there are more."""
    names = sorted(places.names.get(code, code) for code in codes)
    return ", ".join(names[:_NAMED_N]) + (" ..." if len(names) > _NAMED_N else "")


def tell_disagreeing(
    different: Sequence[tuple[str, ...]],
    number: NDArray[np.intp],
    row_n: NDArray[np.int64],
    receipt: Receipt,
    places: Places,
) -> None:
    """Write into a receipt in which rows the code of a gemeente and its name are of two; the code counts.

    Parameters
    ----------
    different
        What stands in the two columns: each different pair once.
    number
        Which pair each row has.
    """
    for pair, (one, name, *_) in enumerate(different):
        by_code, by_name = places.find(one), places.find(name)
        if Kind.GEMEENTE == by_code.kind == by_name.kind and places.today(by_code.code) != places.today(by_name.code):
            for position in np.flatnonzero(number == pair).tolist():
                receipt.change(row_n[position], "code_and_name", text=f"{one}, {name}", taken=by_code.name)


def tell_missed(
    given: pd.Series, row_n: NDArray[np.int64], receipt: Receipt, places: Places, level: str = "gemeente"
) -> None:
    """Write into a receipt which gemeenten, or regions, nobody knows, with the nearest names and the rows.

    Parameters
    ----------
    given
        What the file says, a value per row.
    row_n
        The row in the file of each row.
    receipt
        Is told what was read, left out and changed.
    places
        The gemeenten by code and name, of every year.
    level
        ``vr`` or ``gemeente``.
    """
    nearest, key = (
        (places.nearest, "place_unknown") if level == "gemeente" else (places.nearest_region, "region_unknown")
    )
    by_text: dict[str, list[int]] = {}
    for text, number in zip(given, row_n.tolist(), strict=True):
        by_text.setdefault(str(text)[:60], []).append(number)
        receipt.leave_out(number, key, text=str(text)[:60])
    for text, rows in by_text.items():
        receipt.miss(text, nearest(text), rows)


def refuse_missed(receipt: Receipt, where: str, level: str = "gemeente") -> None:
    """Stop for places that nobody knows, and list them.

    Parameters
    ----------
    receipt
        Is told what was read, left out and changed.
    where
        What errors call the file and its sheet.
    level
        ``vr`` or ``gemeente``.

    Raises
    ------
    UnknownCodeError
        With every unknown place, its row and the nearest names; nothing has changed by then.
    """
    said = InEach(_missed(receipt, "row", "like", "or", "more"), nl=_missed(receipt, "rij", "zoals", "of", "meer"))
    raise UnknownCodeError(
        "places_unknown" if level == "gemeente" else "regions_unknown",
        where=where,
        a=len(receipt.places_missed),
        said=said,
    )


def _missed(receipt: Receipt, row: str, like: str, either: str, more: str) -> str:
    listed = [
        f"{text} ({row} {rows[0]}{f', {like} ' + f' {either} '.join(near) if near else ''})"
        for text, (near, rows) in receipt.places_missed.items()
    ]
    rest_n = len(listed) - _LISTED_N
    return "; ".join(listed[:_LISTED_N]) + (f"; {rest_n} {more}" if rest_n > 0 else "")

"""The receipt of an import: what was read, passed over, left out and changed, row by row.

It holds keys and values, never sentences: the words stand with all others (`words`), so that the terminal and the
page tell the same. Nothing here prints.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from geodata.errors import InEach, InputError
from words import Texts, read_texts

_SHOWN_N: Final = 10  # rows that a summary names; all of them stand in the list that can be saved
_HALF: Final = 0.5


@dataclass(frozen=True)
class Line:
    """One thing to tell.

    Attributes
    ----------
    key
        Name of its sentence, under ``receipt.line``.
    said
        What the sentence names.
    row_n
        The row of the file that it is about; 0 for the file as a whole.
    """

    key: str
    said: Mapping[str, object] = field(default_factory=dict)
    row_n: int = 0


@dataclass
class Receipt:
    """What became of a file.

    Attributes
    ----------
    file, kind
        Its name, and as what it was read: sites, establishments, incidence, workbook or activations.
    sha256
        Digest of its content.
    rows_n, kept_n
        Rows of its table, and how many of them are in what was made of it.
    columns_read
        Our name of a field to the header of the file.
    columns_passed
        The headers that nothing was read from.
    passed
        Rows that are no part of the table by their nature: totals, other levels, notes, blank rows.
    left_out
        Rows that should have been part of it and are not.
    changed
        Cells that were read as something else than what they say.
    places_missed
        What no place is known by, each with the nearest names and its rows.
    notes
        What holds for the file as a whole.
    """

    file: str
    kind: str
    sha256: str = ""
    rows_n: int = 0
    kept_n: int = 0
    columns_read: dict[str, str] = field(default_factory=dict)
    columns_passed: list[str] = field(default_factory=list)
    passed: list[Line] = field(default_factory=list)
    left_out: list[Line] = field(default_factory=list)
    changed: list[Line] = field(default_factory=list)
    places_missed: dict[str, tuple[list[str], list[int]]] = field(default_factory=dict)
    notes: list[Line] = field(default_factory=list)
    is_unchanged: bool = False
    is_dry_run: bool = False

    def note(self, key: str, **values: object) -> None:
        """Tell something of the file as a whole, once."""
        line = Line(key, values)
        if line not in self.notes:
            self.notes.append(line)

    def tally(self, key: str, count_n: int) -> None:
        """Add to how many cells something holds for."""
        if count_n:
            before = next((line for line in self.notes if line.key == key), None)
            so_far = int(str(before.said["n"])) if before else 0
            self.notes = [line for line in self.notes if line is not before]
            self.notes.append(Line(key, {"n": so_far + count_n}))

    def pass_over(self, row_n: int, key: str, **values: object) -> None:
        """Tell of a row that is no part of the table."""
        line = Line(key, values, int(row_n))
        if self.passed[-1:] != [line]:  # a row of which each week was read apart is told once
            self.passed.append(line)

    def leave_out(self, row_n: int, key: str, **values: object) -> None:
        """Tell of a row that is missing in what was made."""
        line = Line(key, values, int(row_n))
        if self.left_out[-1:] != [line]:
            self.left_out.append(line)

    def change(self, row_n: int, key: str, **values: object) -> None:
        """Tell of a cell that was read as something else than what it says."""
        self.changed.append(Line(key, values, int(row_n)))

    def miss(self, text: str, nearest: list[str], rows: list[int]) -> None:
        """Tell of a place that nobody knows.

        Parameters
        ----------
        text
            As the file writes it.
        nearest
            Names that look like it.
        rows
            Of the file.
        """
        self.places_missed[text] = (nearest, [int(row) for row in rows])

    def refuse_if_too_little(self, *, is_asked_for: bool) -> None:
        """Stop an import that keeps nothing, or less than half of its rows, unless it was asked for.

        Raises
        ------
        InputError
            With the first rows that were left out, and why.
        """
        candidates_n = self.kept_n + len({line.row_n for line in self.left_out})
        if self.kept_n >= _HALF * candidates_n and self.kept_n:
            return
        if is_asked_for and self.kept_n:
            return
        if not candidates_n:
            raise InputError("keeps_no_row", file=self.file)
        raise InputError(
            "keeps_too_little" if self.kept_n else "keeps_nothing",
            file=self.file,
            kept_n=self.kept_n,
            candidates_n=candidates_n,
            because=InEach(self._first_left_out("en"), nl=self._first_left_out("nl")),
        )

    def _first_left_out(self, language: str) -> str:
        texts = read_texts(language)
        return "; ".join(f"{texts('receipt.row', row_n=line.row_n)} {_said(texts, line)}" for line in self.left_out[:3])

    def rows(self, language: str = "en", *, is_command: bool = True) -> pd.DataFrame:
        """Return every row that was left out, changed or passed over, as a list that can be saved."""
        texts = read_texts(language)
        listed = [
            {
                "row_n": line.row_n,
                "what": texts(f"receipt.what.{what}"),
                "reason": _said(texts, line, is_command=is_command),
            }
            for what, lines in (("left_out", self.left_out), ("changed", self.changed), ("passed", self.passed))
            for line in lines
        ]
        return pd.DataFrame(listed, columns=["row_n", "what", "reason"]).sort_values("row_n", kind="stable")

    def sentences(self, language: str = "en", *, is_command: bool = True) -> list[str]:
        """Return the receipt as lines of text, the most important first; a page saves the list with a button."""
        texts = read_texts(language)
        left_n = len({line.row_n for line in self.left_out})
        head = "dry_run" if self.is_dry_run else "unchanged" if self.is_unchanged else "imported"
        said = [texts(f"receipt.{head}", file=self.file, rows_n=self.rows_n, kept_n=self.kept_n, left_n=left_n)]
        if self.columns_read:
            called = {name: f"receipt.field.{name}" for name in self.columns_read}
            read = ", ".join(
                f"{texts(called[name]) if called[name] in texts else name} = {header}"
                for name, header in self.columns_read.items()
            )
            said.append(texts("receipt.columns_read", columns=read))
        if self.columns_passed:
            said.append(texts("receipt.columns_passed", columns=", ".join(self.columns_passed)))
        said += [_said(texts, line, is_command=is_command) for line in self.notes]
        for title, lines in (("left_out", self.left_out), ("changed", self.changed), ("passed", self.passed)):
            if lines:
                said.append(texts(f"receipt.{title}", n=len({line.row_n for line in lines})))
                said += [
                    f"  {texts('receipt.row', row_n=line.row_n)} {_said(texts, line, is_command=is_command)}"
                    for line in sorted(lines, key=lambda line: line.row_n)[:_SHOWN_N]
                ]
                if len(lines) > _SHOWN_N:
                    said.append("  " + texts(f"receipt.more{'' if is_command else '_here'}", n=len(lines) - _SHOWN_N))
        if self.places_missed:
            said.append(texts("receipt.places_missed", n=len(self.places_missed)))
        for text, (nearest, rows) in list(self.places_missed.items())[:_SHOWN_N]:
            near = texts("receipt.nearest", names=", ".join(nearest)) if nearest else ""
            numbers = ", ".join(map(str, rows[:_SHOWN_N])) + (" ..." if len(rows) > _SHOWN_N else "")
            said.append("  " + texts("receipt.place", text=text, rows=numbers) + near)
        return said


def _said(texts: Texts, line: Line, *, is_command: bool = True) -> str:
    """Return the sentence of a line; a page has its own where the command names an option."""
    here = f"receipt.line.{line.key}_here"
    return texts(f"receipt.line.{line.key}" if is_command or here not in texts else here, **line.said)

"""What an import switches on or off, and what the picture still lacks: the last part of every receipt.

How the tables stand is `door.readiness`'s to tell; here two answers of it, before and after, are put side by side.
"""

from dataclasses import dataclass

from door import readiness
from door.readiness import Readiness, Use
from geodata.errors import SnapshotError
from geodata.snapshots import snapshot
from geodata.snapshots.snapshot import Snapshot
from words import Texts, read_texts


@dataclass
class Outlook:
    """The picture before an import, and as it is (or, of a dry run, would be) after it.

    Attributes
    ----------
    disease
        Of the picture.
    before, after
        None where the figures are damaged or gone: an import or refresh is then the way to have them back.
    """

    disease: str
    before: Readiness | None
    after: Readiness | None = None

    def see(self, tables: Snapshot) -> None:
        """Look at the tables as they would be after it."""
        self.after = readiness.of_tables(tables, self.disease)

    def see_current(self) -> None:
        """Look at the picture in use, after it."""
        self.after = _current(self.disease)

    def sentences(self, language: str, *, is_command: bool = True) -> list[str]:
        """Return what goes on or off and what is still lacking, as lines of text.

        Parameters
        ----------
        is_command
            Say with each step the command that does it; a page has a button for that.
        """
        if self.after is None:
            return []
        texts = read_texts(language)
        said = self._switched(texts, self.before, self.after) if self.before else []
        steps = self.after.steps()
        said.append(texts("outlook.lacks" if steps else "outlook.whole"))
        return said + [f"  {self.after.sentence(step, language, is_command=is_command)}" for step in steps]

    @staticmethod
    def _switched(texts: Texts, before: Readiness, after: Readiness) -> list[str]:
        said = []
        if before.is_demonstration != after.is_demonstration:
            said.append(texts(f"outlook.example_{'on' if after.is_demonstration else 'off'}"))
        changed = {
            way: [use for use in Use if (before.offers(use), after.offers(use)) == pair]
            for way, pair in (("on", (False, True)), ("off", (True, False)))
        }
        said += [texts(f"outlook.{way}", what=_named(texts, uses)) for way, uses in changed.items() if uses]
        return said or [texts("outlook.same")]


def _named(texts: Texts, uses: list[Use]) -> str:
    return ", ".join(texts(f"outlook.use.{use}") for use in uses)


def now(disease: str) -> Outlook:
    """Return the outlook of the picture in use, before anything is imported."""
    return Outlook(disease, _current(disease))


def _current(disease: str) -> Readiness | None:
    try:
        return readiness.of_tables(snapshot.current(), disease)
    except SnapshotError:  # told by `status` and on every page
        return None

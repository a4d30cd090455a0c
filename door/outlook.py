"""What an import switches on or off, and what the picture still lacks: the last part of every receipt.

How the tables stand is `door.readiness`'s to tell; here two answers of it, before and after, are put side by side.
"""

from dataclasses import dataclass

from door import readiness
from door.readiness import Readiness, Use
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
    """

    disease: str
    before: Readiness
    after: Readiness

    def see(self, tables: Snapshot) -> None:
        """Look at the tables after it."""
        self.after = readiness.of_tables(tables, self.disease)

    def sentences(self, language: str, *, is_command: bool = True) -> list[str]:
        """Return what goes on or off and what is still lacking, as lines of text.

        Parameters
        ----------
        is_command
            Say with each step the command that does it; a page has a button for that.
        """
        texts = read_texts(language)
        said = []
        if self.before.is_demonstration != self.after.is_demonstration:
            said.append(texts(f"outlook.example_{'on' if self.after.is_demonstration else 'off'}"))
        changed = {
            way: [use for use in Use if (self.before.offers(use), self.after.offers(use)) == pair]
            for way, pair in (("on", (False, True)), ("off", (True, False)))
        }
        said += [texts(f"outlook.{way}", what=_named(texts, uses)) for way, uses in changed.items() if uses]
        if not said:
            said.append(texts("outlook.same"))
        steps = self.after.steps()
        said.append(texts("outlook.lacks" if steps else "outlook.whole"))
        return said + [f"  {self.after.sentence(step, language, is_command=is_command)}" for step in steps]


def _named(texts: Texts, uses: list[Use]) -> str:
    return ", ".join(texts(f"outlook.use.{use}") for use in uses)


def now(disease: str) -> Outlook:
    """Return the outlook of the picture in use, before anything is imported."""
    stands = readiness.of_tables(snapshot.current(), disease)
    return Outlook(disease, stands, stands)

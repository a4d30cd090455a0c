"""The model card and the algorithm register say what the model is, and are written by the command."""

import re
from pathlib import Path

from risk.index.model import load_model
from risk.insight import papers

DOCS = Path(__file__).parents[3] / "docs"
HINT = "the model changed: python -m risk papers --out docs"


def without_evaluation(card: str) -> str:
    """The evaluation rests on the data of the moment; what stands before it on the model alone."""
    return card.split("## Evaluation", 1)[0]


def test_the_papers_in_docs_are_those_of_this_model() -> None:
    model = load_model()
    card = (DOCS / "model_card.md").read_text("utf-8")
    assert without_evaluation(card) == without_evaluation(papers.model_card(model, "")), HINT
    assert (DOCS / "algorithm_register.md").read_text("utf-8") == papers.algorithm_register(model), HINT


def test_the_card_names_every_indicator_and_its_own_version() -> None:
    model = load_model()
    card = papers.model_card(model, "# Evaluation\n\n## Part\n\ntext")
    assert model.version in card
    for indicator in model.areas.indicators:
        assert f"| {indicator.name.en} |" in card
    assert re.search(r"^### Part$", card, re.MULTILINE)
    assert len(re.findall(r"^# ", card, re.MULTILINE)) == 1


def test_the_register_has_every_heading_of_the_dutch_form_and_leaves_the_controller_its_own() -> None:
    entry = papers.algorithm_register(load_model())
    for heading in ("Algemene informatie", "Verantwoord gebruik", "Werking"):
        assert f"## {heading}" in entry
    for field in (
        "Naam",
        "Organisatie",
        "Doel en impact",
        "Menselijke tussenkomst",
        "Wettelijke basis",
        "Gegevens",
        "Technische werking",
        "Leverancier",
    ):
        assert f"| {field} |" in entry
    assert entry.count(papers.CONTROLLER) >= 8
    assert "de index 0,59 en 0,51; alleen omvang 0,33 en 0,16; de besmettingen van nu 0,76 en 0,57" in entry
    assert "verliest van de besmettingen van nu" in entry


def test_the_card_in_docs_says_that_its_figures_are_invented() -> None:
    card = (DOCS / "model_card.md").read_text("utf-8")
    assert "says nothing about the index" in card.split("## Evaluation", 1)[1]

"""What pages keep of the figures: made once of what it follows from, and never another's."""

from dataclasses import replace

import pytest

from access.viewer import parse_viewer
from dashboard.parts import figures, links
from door.store import open_store
from words import read_texts


@pytest.mark.usefixtures("scored")
def test_sites_of_another_disease_have_their_own_scores_on_the_map(monkeypatch: pytest.MonkeyPatch) -> None:
    store, texts = open_store(parse_viewer("lotc")), read_texts("nl")
    shown = figures.read_picture(store, "site")
    scores = shown.scores.assign(score_0_10=shown.scores["score_0_10"].where(shown.scores["score_0_10"].isna(), 1.0))
    model = replace(shown.scored.model, version="of another disease")
    other = replace(shown, scored=replace(shown.scored, model=model, scores=scores))
    layers = []
    for one in (shown, other):
        monkeypatch.setattr(figures, "open_picture", lambda *_, one=one: one)
        layers.append(figures.site_layer(store, texts))
        assert figures.site_layer(store, texts) is layers[-1]  # thousands of sites are made into a layer once
    assert set(layers[1].scores) <= {1.0, None}
    assert len(set(layers[0].scores)) > 100


def test_the_chosen_one_of_a_list_moves_with_the_choice() -> None:
    words = {"": "Alle", "Groep": {"a": "Een <b>", "b": "Twee"}}
    for chosen in ("", "a", "b", "a"):
        made = links.dropdown("Kies", "sector", words, chosen)
        assert made.count(" selected") == 1
        assert f'data-go="sector={chosen}" selected' in made
        assert "Een &lt;b&gt;" in made

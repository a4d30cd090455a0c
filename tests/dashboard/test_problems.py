"""What pages say of errors: every sentence that a page can meet has Dutch words, and no words are left over."""

import ast
import re
from pathlib import Path

import pytest

from access import profiles
from access.viewer import parse_viewer
from dashboard.shell import problems
from door.store import open_store
from geodata.errors import InputError, RisicobeeldError
from register import files
from register import record as write
from risk.targets import request
from words import read_texts

ROOT = Path(__file__).parents[2]
NL, EN = read_texts("nl"), read_texts("en")
MET_ON_PAGES = (
    "register/files.py",
    "register/record.py",
    "register/events.py",
    "access/database/engine.py",
    "access/people.py",
    "access/profiles.py",
    "door/leaktest.py",
    "access/audit.py",
    "door/export.py",
    "risk/targets/decisions.py",
    "risk/targets/plans.py",
    "risk/targets/limits.py",
    "risk/targets/select.py",
    "risk/report/facts.py",
    "risk/report/sheet.py",
)
NEVER_ON_A_PAGE = {  # the page offers a closed list, or the error is one of the program
    "There is no table {}; choose one of {}.",
    "Reason {} does not exist; choose one of {}.",
    "There is no plan line {}; choose one from the plan.",
    "A decision on {} is one of {}, not {}; choose one.",
    "The answer is accepted or declined, not {}; choose one.",
    "Role {} may not open {} {}; ask LOT-C.",
}


def template(node: ast.expr) -> str | None:
    """Return a text with ``{}`` where its values stand."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def blank(sentence: str) -> str:
    return re.sub(r"\{\w+\}", "{}", sentence)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def raised(path: Path) -> set[str]:
    calls = (node for node in ast.walk(parsed(path)) if isinstance(node, ast.Call) and node.args)
    names = ((getattr(call.func, "id", ""), template(call.args[0])) for call in calls)
    return {text for name, text in names if name.endswith("Error") and text}


def test_every_sentence_is_one_that_the_code_raises() -> None:
    code = {
        text
        for folder in ("geodata", "risk", "dashboard")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.expr) and (text := template(node))
    }
    gone = [one.sentence for one in problems.known() if not any(blank(one.sentence) in text for text in code)]
    assert gone == []


@pytest.mark.parametrize("module", MET_ON_PAGES)
def test_what_a_page_can_meet_has_its_words(module: str) -> None:
    known = {blank(one.sentence) for one in problems.known()}
    assert raised(ROOT / module) - known - NEVER_ON_A_PAGE == set()


def test_no_word_asks_for_a_value_that_the_sentence_does_not_give_and_no_page_speaks_of_commands() -> None:
    for one in problems.known():
        given = set(re.findall(r"\{(\w+)\}", one.sentence))
        for said in one.said.values():
            assert set(re.findall(r"\{(\w+)\}", said)) <= given, one.sentence
            assert not re.search(r"python -m|--\w", said), said


def test_errors_that_really_happen_are_told_in_both_languages(data_dir: Path) -> None:
    def told(act) -> tuple[str, str]:
        with pytest.raises(RisicobeeldError) as caught:
            act()
        return problems.in_words(NL, caught.value), problems.in_words(EN, caught.value)

    policy, region, lotc = (open_store(parse_viewer(role)) for role in ("policy", "region:VR06", "lotc"))
    assert told(lambda: policy.table("sites")) == (
        "De rol policy mag sites niet openen; vraag LOT-C erom.",
        "Role policy may not open sites; ask LOT-C.",
    )
    nl, en = told(lambda: write.record(lotc.viewer, "activation", {"gemeente_code": "GM0363"}))
    assert nl.startswith("Hier ontbreekt nog: ")
    assert "Wat gebeurde er?" in nl
    assert "What happened?" in en
    elsewhere = {"event_date": "2020-11-20", "origin": "own", "theme": "wonen", "text": "x", "vr_code": "VR07"}
    assert told(lambda: write.record(region.viewer, "signal", elsewhere))[0].startswith(
        "De rol region:VR06 mag dit niet"
    )
    assert told(lambda: profiles.delete(lotc.viewer, "?"))[0] == "Dat profiel is er niet; kies er een uit de lijst."
    assert told(lambda: request.change(request.read_request(), each_region=request.Quota(5, 2)))[0] == (
        "De vraag: each_region vraagt minstens 5 en hoogstens 2; verbeter een van beide."
    )
    wrong = data_dir.parent / "wrong.toml"
    wrong.write_text("capacity = [")
    assert told(lambda: request.read_request(wrong))[0].startswith("De vraag wrong.toml is geen geldige TOML: ")
    signal = {"event_date": "2020-11-20", "origin": "own", "theme": "wonen", "text": "x", "vr_code": "VR06"}
    kept = write.record(lotc.viewer, "signal", signal)
    assert told(lambda: files.attach(lotc, "signal", kept.entity_id, "kaart.pdf", b"GIF89a"))[0].startswith(
        "kaart.pdf is niet wat de naam zegt (.pdf)"
    )


def test_a_sentence_without_words_is_shown_as_it_is() -> None:
    assert problems.in_words(NL, InputError("Something new {x}; do this.")) == "Something new {x}; do this."

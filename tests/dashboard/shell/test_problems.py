"""What pages say of errors: every sentence that a page can meet has Dutch words, and no words are left over."""

import ast
import pickle
import re
from functools import cache
from pathlib import Path

import pytest

from access import profiles
from access.viewer import parse_viewer
from dashboard.shell import problems
from door.store import open_store
from geodata.errors import InputError, RisicobeeldError, SnapshotError
from register import files, personal
from register import record as write
from risk.targets import request
from words import read_texts

ROOT = Path(__file__).parents[3]
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
    "risk/report/accountability.py",
    "risk/report/plan_file.py",
    "risk/insight/alarms.py",
    "risk/scores/context.py",
)
FOLDERS = ("geodata", "access", "register", "door", "risk", "dashboard", "commands")
NEVER_ON_A_PAGE = {  # the page offers a closed list, or the error is one of the program
    "There is no table {}; choose one of {}.",
    "Reason {} does not exist; choose one of {}.",
    "There is no plan line {}; choose one from the plan.",
    "A decision on {} is one of {}, not {}; choose one.",
    "The answer is accepted or declined, not {}; choose one.",
    "The answer is taken_over or refused, not {}; choose one.",
    "Role {} may not open {} {}; ask LOT-C.",
}


def first_texts(call: ast.Call) -> list[str]:
    """Return the keys or the sentence that an error is made with, ``{}`` where values stand."""
    for node in call.args[getattr(call.func, "id", "") == "conflict" :]:  # that one names the kind of entry first
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return [node.value]
        if isinstance(node, ast.IfExp):
            return [one.value for one in (node.body, node.orelse) if isinstance(one, ast.Constant)]
        if isinstance(node, ast.JoinedStr):
            return ["".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)]
    return []


@cache
def made(path: Path) -> tuple[tuple[str, frozenset[str]], ...]:
    """Return with what every error of a module is made: its key or sentence, and the names of its values."""
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    errors = [call for call in calls if getattr(call.func, "id", "").endswith(("Error", "conflict"))]
    return tuple(
        (text, frozenset(str(word.arg) for word in call.keywords)) for call in errors for text in first_texts(call)
    )


def everywhere() -> list[tuple[str, frozenset[str]]]:
    return [one for folder in FOLDERS for path in (ROOT / folder).rglob("*.py") for one in made(path)]


def keys(section: str) -> set[str]:
    return {name.removeprefix(f"{section}.") for name in EN.names() if name.startswith(f"{section}.")}


def test_every_key_has_its_words_and_no_words_are_left_over() -> None:
    used = {text for text, _ in everywhere() if " " not in text}
    for family in [text for text in used if "{}" in text]:  # a key for each part of the index
        used.remove(family)
        used |= (found := {key for key in keys("problem") if re.fullmatch(family.replace("{}", r"\w+"), key)})
        assert found, family
    assert used == keys("problem")
    assert keys("command") <= used


def test_an_error_gives_every_value_that_its_words_name() -> None:
    for key, values in everywhere():
        for name in (f"problem.{key}", f"command.{key}"):
            for texts in (NL, EN):
                if name in texts:
                    assert set(re.findall(r"{(\w+)", texts._entries[name])) <= values, (name, texts.language)


def test_no_page_speaks_of_commands() -> None:
    for key in keys("problem"):
        for texts in (NL, EN):
            assert not re.search(r"python -m|--\w", texts._entries[f"problem.{key}"]), key


@pytest.mark.parametrize("module", MET_ON_PAGES)
def test_what_a_page_can_meet_has_its_words(module: str) -> None:
    assert {text for text, _ in made(ROOT / module) if " " in text} <= NEVER_ON_A_PAGE


def test_an_error_survives_the_way_to_another_process() -> None:
    sent = pickle.dumps(SnapshotError("snapshot_file_damaged", path="a.parquet", restore="restore it"))
    error = pickle.loads(sent)  # noqa: S301 - our own bytes
    assert str(error) == "File a.parquet is damaged: it differs from its manifest; restore it."


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
    assert told(lambda: files.attach(lotc.viewer, "signal", kept.entity_id, "kaart.pdf", b"GIF89a"))[0].startswith(
        "kaart.pdf is niet wat de naam zegt (.pdf)"
    )


def test_a_sentence_without_words_is_shown_as_it_is() -> None:
    assert problems.in_words(NL, InputError("Something new {x}; do this.")) == "Something new {x}; do this."


def test_what_looks_like_personal_data_is_named_in_the_readers_language() -> None:
    findings = personal.find("Bel 06-12345678 of mail jan@voorbeeld.nl, BSN 111222333, geboren 3 mei 1990")
    told = {language: problems.personal_data(read_texts(language), findings) for language in ("nl", "en")}
    for word in ("telefoon: 06-12345678", "burgerservicenummer: 111222333", "geboortedatum: ", "e-mail: jan@"):
        assert word in told["nl"]
    assert "telephone: 06-12345678" in told["en"]


def test_a_region_in_an_error_is_called_by_its_name() -> None:
    error = InputError("reference_elsewhere", field="site_id", named="nergens", region="VR06")
    assert "is er niet in Noord- en Oost-Gelderland" in problems.in_words(NL, error)

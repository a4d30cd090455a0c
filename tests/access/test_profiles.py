"""Named profiles of weights: kept, changed, renamed, deleted, noted, and seen by the own region or role alone."""

import pytest

from access import audit, profiles
from access.viewer import parse_viewer
from geodata.errors import AccessDeniedError, InputError

WEIGHTS = {"intensity": 0.5, "size": 0.25}
VR06, VR07 = parse_viewer("region:VR06"), parse_viewer("region:VR07")


def names(viewer) -> list[tuple[str, str]]:
    return [(one.owner, one.name) for one in profiles.mine(viewer)]


def test_a_profile_is_kept_and_a_second_save_changes_it() -> None:
    made = profiles.save(VR06, "  Meer   wonen ", WEIGHTS, "1.0")
    again = profiles.save(VR06, "Meer wonen", {"intensity": 1.0}, "1.1")
    (found,) = profiles.mine(VR06)
    assert (found.profile_id, found.name, found.model_version) == (made.profile_id, "Meer wonen", "1.1")
    assert again.weights == found.weights == {"intensity": 1.0}


def test_nobody_sees_changes_or_learns_of_the_profile_of_another_region_or_role() -> None:
    made = profiles.save(VR06, "van zes", WEIGHTS, "1.0")
    for other in ("region:VR07", "lotc", "analyst"):
        viewer = parse_viewer(other)
        assert profiles.mine(viewer) == []
        for change in (
            lambda v: profiles.rename(v, made.profile_id, "x"),
            lambda v: profiles.delete(v, made.profile_id),
        ):
            with pytest.raises(InputError) as refused:
                change(viewer)
            assert "van zes" not in str(refused.value)
    profiles.save(VR07, "van zes", WEIGHTS, "1.0")  # the same name elsewhere is another profile
    assert names(VR06) == [("VR06", "van zes")]
    for role in ("policy", "privacy", "partner:NVWA"):
        with pytest.raises(AccessDeniedError, match="keeps no profiles"):
            profiles.mine(parse_viewer(role))


def test_a_contact_of_two_regions_has_the_profiles_of_both() -> None:
    both = parse_viewer("region:VR06,VR07")
    profiles.save(both, "a", WEIGHTS, "1.0")
    profiles.save(both, "b", WEIGHTS, "1.0", owner="VR07")
    assert names(both) == [("VR06", "a"), ("VR07", "b")]
    assert names(VR07) == [("VR07", "b")]
    with pytest.raises(AccessDeniedError, match="VR09"):
        profiles.save(both, "c", WEIGHTS, "1.0", owner="VR09")


def test_names_are_one_each_and_can_be_changed() -> None:
    first = profiles.save(VR06, "een", WEIGHTS, "1.0")
    profiles.save(VR06, "twee", WEIGHTS, "1.0")
    with pytest.raises(InputError, match="'twee' already"):
        profiles.rename(VR06, first.profile_id, "twee")
    profiles.rename(VR06, first.profile_id, "drie")
    assert names(VR06) == [("VR06", "drie"), ("VR06", "twee")]
    profiles.delete(VR06, first.profile_id)
    assert names(VR06) == [("VR06", "twee")]


@pytest.mark.parametrize("name", ["", "   ", "x" * 61])
def test_a_name_must_be_usable(name: str) -> None:
    with pytest.raises(InputError, match="name of at most"):
        profiles.save(VR06, name, WEIGHTS, "1.0")


@pytest.mark.parametrize("weights", [{}, {"size": -0.1}, {"size": float("nan")}, {"size": 1.5}])
def test_weights_must_be_usable(weights: dict[str, float]) -> None:
    with pytest.raises(InputError, match="not between 0 and 1"):
        profiles.save(VR06, "x", weights, "1.0")


def test_every_change_is_in_the_audit_trail_with_its_weights() -> None:
    made = profiles.save(VR06, "a", WEIGHTS, "1.0", surface="page method")
    profiles.rename(VR06, made.profile_id, "b")
    profiles.delete(VR06, made.profile_id)
    lines = audit.read().iloc[::-1]
    assert lines["what"].tolist() == ["profile: save", "profile: rename a to", "profile: delete"]
    assert lines["table"].iloc[0] == "VR06/a (intensity 0.5, size 0.25)"
    assert set(lines["role"]) == {"region:VR06"}

"""Request files: what they may say, and the one sentence for what they may not."""

import pytest

from geodata.errors import InputError
from risk.targets.request import Mark, Quota, change, read_request


def _read(tmp_path, text):
    path = tmp_path / "request.toml"
    path.write_text(text, "utf-8")
    return read_request(path)


def test_a_file_holds_only_what_differs(tmp_path):
    request = _read(
        tmp_path,
        """
        capacity = 12
        hours = 90
        [each_region]
        at_least = 0
        [regions.VR06]
        at_least = 2
        [sectors.construction]
        at_most = 3
        [partners]
        NVWA = 4
        [kinds.lodging]
        hours = 5
        [[locked]]
        site_id = "A"
        reason = "signal of today"
        """,
    )
    assert (request.capacity, request.random_n, request.hours) == (12, 2, 90.0)
    assert request.each_region == Quota(0, 4)
    assert request.quota("VR06") == Quota(2, None)
    assert request.quota("VR07") == Quota(0, 4)
    assert request.sectors["construction"] == Quota(0, 3)
    assert request.kinds["lodging"].hours == 5
    assert request.kinds["lodging"].partners == read_request().kinds["lodging"].partners
    assert request.locked == (Mark("A", "signal of today"),)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("capacity = -1", "capacity is -1"),
        ("capacity = 0", "asks for no visits"),
        ("capacity = 4.5", "give a whole number"),
        ("capacity = true", "give a whole number"),
        ("audit_share = 1.2", "a share from 0 to 1"),
        ("audit_share = nan", "a share from 0 to 1"),
        ("hours = 'many'", "hours is 'many'"),
        ("capaciteit = 40", "unknown entry 'capaciteit'"),
        ("one_per_employer = 1", "true or false"),
        ("each_region = 3", "each_region is not a table"),
        ("[regions.VR26]\nat_least = 1", "region 'VR26' does not exist"),
        ("[regions.VR06]\nmin = 1", "use at_least and at_most"),
        ("[regions.VR06]\nat_least = 5\nat_most = 2", "at least 5 and at most 2"),
        ("regions = 4", "wrong form"),
        ("[sectors.mining]\nat_least = 1", "sector 'mining' does not exist"),
        ("[partners]\nFBI = 3", "partner 'FBI' does not exist"),
        ("[kinds.farm]\nhours = 3\npartners = []", "kind 'farm' does not exist"),
        ("[kinds.lodging]\npartners = [1]", "are not names"),
        ("kinds = 3", "kinds is not a table"),
        ("[[locked]]\nsite_id = 'A'", "has no reason"),
        ("[[excluded]]\nreason = 'closed'", "lacks the entry 'site_id'"),
        ("[[locked]]\nsite_id='A'\nreason='x'\n[[excluded]]\nsite_id='A'\nreason='y'", "both locked in and excluded"),
        ("capacity = ", "not valid TOML"),
        ("locked = 'A'", "wrong form"),
    ],
)
def test_what_cannot_be_asked_is_answered_in_one_sentence(tmp_path, text, says):
    with pytest.raises(InputError, match=says):
        _read(tmp_path, text)


def test_a_missing_file_and_a_wrong_encoding(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_request(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not valid TOML"):
        read_request(tmp_path / "bytes.toml")


def test_changes_are_checked_too():
    with pytest.raises(InputError, match="asks for no visits"):
        change(read_request(), capacity=0)
    with pytest.raises(InputError, match="share from 0 to 1"):
        change(read_request(), audit_share=float("inf"))


@pytest.mark.parametrize(
    ("capacity", "share", "drawn"), [(40, 0.2, 8), (41, 0.2, 8), (44, 0.2, 8), (10, 0.3, 3), (3, 0.2, 0)]
)
def test_the_random_share_is_rounded_down(capacity, share, drawn):
    assert change(read_request(), capacity=capacity, audit_share=share).random_n == drawn

"""A new snapshot reaches every process without a restart, and no page is drawn from two of them."""

import subprocess
import sys
import time
from pathlib import Path

from streamlit.testing.v1 import AppTest

from geodata.snapshots import snapshot
from tests.operations import marked

ROOT = Path(__file__).parents[2]
VERSIONS = 4


def test_readers_of_two_processes_see_one_version_at_a_time_and_never_an_older_one(tmp_path: Path) -> None:
    plain, done, journals = marked.tables(), tmp_path / "done", [tmp_path / "one", tmp_path / "two"]
    number_of = {marked.write(0, plain): 0}
    commands = [[sys.executable, "-m", "tests.operations.marked", str(path), str(done)] for path in journals]
    readers = [subprocess.Popen(command, cwd=ROOT) for command in commands]
    try:
        for number in range(1, VERSIONS):
            version = marked.write(number, plain)
            number_of[version] = number
            while not all(path.exists() and version in path.read_text() for path in journals):
                assert all(reader.poll() is None for reader in readers), "a reader stopped by itself"
                time.sleep(0.02)
    finally:
        done.touch()
        ended = [reader.wait() for reader in readers]
    assert ended == [0, 0]
    for journal in journals:
        seen: dict[str, list[int]] = {}
        for line in journal.read_text().splitlines():
            thread, version, numbers = line.split(" ")
            assert numbers == str(number_of[version]), "all tables of a read are of the version that it names"
            seen.setdefault(thread, []).append(number_of[version])
        assert len(seen) == 3
        for numbers in seen.values():
            assert numbers == sorted(numbers)


def page() -> None:
    """A page that opens the door twice, with a part that does so by itself."""
    import streamlit as st  # noqa: PLC0415 - this function is run as a script of its own

    from dashboard.shell import session  # noqa: PLC0415
    from geodata.snapshots import snapshot  # noqa: PLC0415
    from tests.operations import marked  # noqa: PLC0415

    @st.fragment
    def part() -> None:
        store = session.store()[0]
        st.button("again", key="again")
        st.text(f"part {store.data_version}")

    with session.one_picture():
        before = session.store()[0]
        if st.session_state.pop("switch", False):
            marked.write(st.session_state["number"], marked.tables())
        after = session.store()[0]
        st.text(f"head {before.data_version}")
        st.text(f"same {before.data_version == after.data_version}")
        st.text(f"current {snapshot.current().data_version}")
        part()


def test_a_page_is_drawn_from_the_version_it_began_with() -> None:
    tab = AppTest.from_function(page, default_timeout=120)
    tab.session_state["switch"], tab.session_state["number"] = True, 1
    tab.run()
    assert not tab.exception
    told = dict(text.value.split(" ") for text in tab.text)
    assert told["same"] == "True"
    assert told["part"] == told["head"] != told["current"]
    tab.run()
    told = dict(text.value.split(" ") for text in tab.text)
    assert told["part"] == told["head"] == told["current"]


def test_a_part_that_runs_by_itself_draws_the_whole_page_anew_after_a_switch() -> None:
    plain = marked.tables()
    marked.write(1, plain)
    tab = AppTest.from_function(page, default_timeout=120).run()
    version = marked.write(2, plain)
    tab.button(key="again").click().run()
    assert not tab.exception
    told = dict(text.value.split(" ") for text in tab.text)
    assert told["part"] == told["head"] == told["current"] == version == snapshot.current().data_version

"""However the pages are started, Streamlit collects no garbage after each run, and what stays is never walked again."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUN = """
import gc, sys
sys.path.insert(0, {root!r})
from streamlit import config
from streamlit.testing.v1 import AppTest
config.set_option("runner.postScriptGC", value=True)  # as it is without our settings
from access.viewer import Viewer
from dashboard.shell import signin
signin.enter = lambda _texts: Viewer("lotc")  # a test has no address that anybody could come from
page = AppTest.from_file({app!r}, default_timeout=300).run()
assert not page.exception, page.exception
print(config.get_option("runner.postScriptGC"), gc.get_freeze_count() > 100_000)
"""


def test_the_setting_is_in_force_after_the_first_page_wherever_it_was_started(tmp_path, data_dir, computed):
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / "out").symlink_to(computed)
    script = RUN.format(root=str(ROOT), app=str(ROOT / "app.py"))
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["False", "True"], done.stderr


def test_the_settings_of_the_project_say_so_too():
    assert "postScriptGC = false" in (ROOT / ".streamlit" / "config.toml").read_text("utf-8")
    assert "postScriptGC = false" in (ROOT / "dashboard" / "server" / "streamlit.toml").read_text("utf-8")

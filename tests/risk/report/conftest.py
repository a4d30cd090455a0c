"""Reports without their pictures, for tests that read counts and words."""

import base64

import pytest

from risk.report import charts

_DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every chart, and put a dot where it would be drawn: five pictures are most of the work of a report."""
    monkeypatch.setattr(charts, "_png", lambda _figure, _banner: _DOT)

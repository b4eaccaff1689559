"""The page's script runs."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]


def test_the_live_page_runs():
    page = AppTest.from_file(str(ROOT / "pages" / "live.py"), default_timeout=60).run()
    assert not page.exception
    assert "Continual low-rank attention" in page.markdown[0].value
    assert page.expander[0].label == "What am I seeing?"
    assert len(page.session_state["live_key"]) > 20

"""The Streamlit app: the only place that imports streamlit."""

from cla.view.clips_page import clips_page
from cla.view.compare_page import compare_page
from cla.view.cost_page import cost_page
from cla.view.frame import run_navigation
from cla.view.headers import middleware
from cla.view.learn_page import learn_page
from cla.view.live_app import routes
from cla.view.live_page import live_page
from cla.view.preflight_page import preflight_page
from cla.view.sessions_page import sessions_page
from cla.view.teach_page import teach_page

__all__ = [
    "clips_page",
    "compare_page",
    "cost_page",
    "learn_page",
    "live_page",
    "middleware",
    "preflight_page",
    "routes",
    "run_navigation",
    "sessions_page",
    "teach_page",
]

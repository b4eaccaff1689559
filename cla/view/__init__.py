"""The Streamlit app: the only place that imports streamlit."""

from cla.view.live_app import routes
from cla.view.live_page import live_page

__all__ = ["live_page", "routes"]

"""The Preflight page."""

from cla.view import preflight_page

preflight_page()

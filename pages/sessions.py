"""The Sessions page."""

from cla.view import sessions_page

sessions_page()

"""The Clips page."""

from cla.view import clips_page

clips_page()

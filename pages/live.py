"""The Live page."""

from cla.view import live_page

live_page()

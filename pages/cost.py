"""The Cost page."""

from cla.view import cost_page

cost_page()

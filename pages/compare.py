"""The Compare page."""

from cla.view import compare_page

compare_page()

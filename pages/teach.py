"""The Teach page."""

from cla.view import teach_page

teach_page()

"""The Learn page."""

from cla.view import learn_page

learn_page()

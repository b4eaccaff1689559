"""How Sphinx makes a site of these pages: `sphinx-build -b html -c docs . build/site`.

Its sources are the whole checkout, so that links between pages are the same here and on the site.
"""

from cla import __version__

project = "CLA"
author = "The CLA contributors"
copyright = author
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
include_patterns = ["*.md", "assets/NOTICE.md", "docs/**"]
exclude_patterns = ["docs/esc10/**", "docs/results/**", "docs/tasks/**"]  # tables of programs
root_doc = "docs/index"

# In docstrings, words in single backticks are code.
default_role = "code"
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_custom_sections = [("Shapes", "params_style")]
napoleon_use_ivar = True
suppress_warnings = ["ref.python"]  # attributes in docstrings are linked by their bare names
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"CLA {release}"
html_extra_path = ["site"]  # the page at the top, which leads to the index
html_show_sourcelink = False

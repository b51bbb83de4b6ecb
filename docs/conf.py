"""Sphinx: how the documentation is built (``make docs``, warnings are errors)."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

project = "stormpath-wsgi"
author = "The stormpath-wsgi maintainers"
project_copyright = "2026, the stormpath-wsgi maintainers"
release = version = installed_version("stormpath-wsgi")

sys.path.insert(0, str(Path(__file__).parent))
extensions = [
    "sphinx.ext.autodoc",
    "doctor_table",
    "events_table",
    "export_table",
    "page_table",
    "public_names",
    "rest_reference",
    "settings_table",
]
exclude_patterns = ["_build"]
nitpicky = False
html_theme = "furo"
html_title = f"stormpath-wsgi {release}"
html_static_path = ["_static"]
autodoc_default_options = {"undoc-members": True}  # so that those are found which say nothing of themselves
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"

"""The look of our pages: Jinja templates and one style sheet, each of which the owner can replace or add to."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, PackageLoader, PrefixLoader, TemplateError
from markupsafe import Markup

from stormpath_wsgi.errors import ConfigurationError

_STYLES = ("style.css", "custom.css")


class Templates:
    """Renders pages. A file in *folder* is taken before ours of the same name.

    ``{% extends "stormpath/login.html" %}`` names our own from there. ``custom.css`` is empty with us: the place
    for other values of the variables that ``style.css`` starts with.

    Raises :class:`ConfigurationError` when one of *names* or of our own cannot be compiled.
    """

    def __init__(self, folder: Path | None, names: tuple[str, ...]) -> None:
        ours = PackageLoader("stormpath_wsgi.pages")
        theirs: list[BaseLoader] = [FileSystemLoader(folder, encoding="utf-8-sig")] if folder else []
        self._loader = ChoiceLoader([*theirs, ours, PrefixLoader({"stormpath": ours})])
        self._environment = Environment(loader=self._loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
        self._check(folder, names)
        css = "\n".join(self._source(name) for name in _STYLES)
        digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
        # In the page and not at an address of its own: a page is whole or not there, also while one worker
        # runs the next version already.
        self._environment.globals["css"] = Markup(css)  # noqa: S704 - a style sheet, checked to hold no tag
        self.style_source = f"'sha256-{digest}'"

    def render(self, name: str, **context: Any) -> str:
        return self._environment.get_template(_file(name)).render(context)

    def _check(self, folder: Path | None, names: tuple[str, ...]) -> None:
        if folder and not folder.is_dir():
            raise ConfigurationError(f"web.templates: {folder} is not a folder; write the path of one, or nothing")
        for name in map(_file, names):
            try:
                self._environment.get_template(name)
            except TemplateError as error:
                raise ConfigurationError(f"web.templates: {name} cannot be used: {error}") from error

    def _source(self, name: str) -> str:
        css = self._loader.get_source(self._environment, name)[0]
        if "</" in css:
            raise ConfigurationError(f"web.templates: {name} holds </, which no style sheet needs; write CSS only")
        return css


def _file(view: str) -> str:
    return view if "." in view else f"{view}.html"

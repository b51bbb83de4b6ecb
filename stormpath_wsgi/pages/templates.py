"""The look of our pages: Jinja templates, one style sheet and one script, which the owner can replace or add to."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from functools import cache, lru_cache, partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup

from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.pages import look as looks
from stormpath_wsgi.settings import LookSettings
from stormpath_wsgi.texts import Texts, english

if TYPE_CHECKING:
    from jinja2 import Environment

_PACKAGE = "stormpath_wsgi.pages"
_OURS = files(_PACKAGE) / "templates"
#: Before the name of one of ours, where a file of the site may have the same.
_PREFIX = "stormpath/"
_NO_LOOK = LookSettings()


class Templates:
    """Renders pages. A file in *folder* is taken before ours of the same name.

    Ours are known to be good. So where there is no *folder*, Jinja is imported for the first page that is shown, and
    compiles what that page needs: many workers never show one.

    ``{% extends "stormpath/login.html" %}`` names our own from there. ``custom.css`` is empty with us: the place
    for other values of the variables that ``style.css`` starts with. *look*: what the site has set of them.

    Raises :class:`ConfigurationError` when one of *names* is not there, or a file in *folder* cannot be compiled.
    """

    @classmethod
    def of(cls, folder: Path | None, names: tuple[str, ...], look: LookSettings = _NO_LOOK) -> Templates:
        """The same, made once in a process where there is no *folder*: our own files do not change."""
        return _ours(names, look) if folder is None else cls(folder, names, look)

    def __init__(self, folder: Path | None, names: tuple[str, ...], look: LookSettings = _NO_LOOK) -> None:
        if folder is None:
            _check_ours(names)
        self._own = None if folder is None else _checked(folder, names)
        css = "\n".join((self._source("style.css"), looks.css(look), self._source("custom.css")))
        css, script = looks.in_scheme(css, look), self._source("script.js")
        # In the page and not at an address of its own: a page is whole or not there, also while one worker
        # runs the next version already.
        self._look: dict[str, Any] = {
            "css": Markup(css),  # noqa: S704 - a style sheet, checked to hold no tag
            "script": Markup(script),  # noqa: S704 - the same
            "favicon": partial(looks.favicon, look),
            "color_scheme": looks.COLOR_SCHEMES[look.scheme],
        }
        self.style_source, self.script_source = _digest(css), _digest(script)

    def render(self, name: str, texts: Texts, **context: Any) -> str:
        """The template *name* in the language of *texts*."""
        environment = self._own or our_environment()
        return environment.get_template(_file(name)).render({**self._look, **_words(texts), **context})

    def _source(self, name: str) -> str:
        text = _our_source(name) if self._own is None else _source_of(self._own, name)
        if "</" in text:
            raise ConfigurationError(f"web.templates: {name} holds </, which would end it; write no tags there")
        return text


def _check_ours(names: tuple[str, ...]) -> None:
    for name in map(_file, names):
        if not _is_ours(name.removeprefix(_PREFIX)):
            raise ConfigurationError(_missing(name, name))


@cache
def _is_ours(name: str) -> bool:
    # As Jinja reads names: no part leads out of the folder.
    return not {"", ".", ".."} & set(name.split("/")) and _OURS.joinpath(name).is_file()


def _checked(folder: Path, names: tuple[str, ...]) -> Environment:
    """What renders the files of *folder*, and ours. Raises ConfigurationError where one of *names* cannot be used."""
    from jinja2 import TemplateError, TemplateNotFound

    if not folder.is_dir():
        raise ConfigurationError(f"web.templates: {folder} is not a folder; write the path of one, or nothing")
    environment = _environment(folder)
    parents: dict[str, str | None] = {}
    for name in map(_file, names):
        for each in _lineage(environment, name, parents):
            try:
                environment.get_template(each)
            except TemplateNotFound as error:
                raise ConfigurationError(_missing(each, name)) from error
            except (TemplateError, UnicodeDecodeError) as error:
                raise ConfigurationError(f"web.templates: {each} cannot be used: {error}") from error
    return environment


def _lineage(environment: Environment, name: str, parents: dict[str, str | None]) -> Iterator[str]:
    """*name*, then what it extends, and so on. What comes is checked before the next one is looked for.

    *parents*: what each template extends that was looked at before.
    """
    seen: list[str] = []
    following: str | None = name
    while following is not None:
        if following in seen:
            raise ConfigurationError(
                f"web.templates: {following} extends itself, by way of {' and '.join(seen)}; write {{% extends "
                f'"stormpath/{following}" %}} to begin with ours.'
            )
        seen.append(following)
        yield following
        if following not in parents:
            named = _named_in(_source_of(environment, following))
            yield from named.imported
            parents[following] = named.extended
        following = parents[following]


class _Named(NamedTuple):
    """The templates that one imports, and the one that it extends, as far as their names stand in it."""

    imported: tuple[str, ...]
    extended: str | None


@lru_cache(maxsize=128)
def _named_in(source: str) -> _Named:
    from jinja2 import nodes

    parsed = our_environment().parse(source)
    imported, extended = (
        [node.value for node in found if isinstance(node, nodes.Const)]
        for found in (
            [node.template for node in parsed.find_all(nodes.Import)],
            [node.template for node in parsed.find_all(nodes.Extends)],
        )
    )
    return _Named(tuple(imported), next(iter(extended), None))


def _words(texts: Texts) -> dict[str, Any]:
    """What the tag trans calls, and the language for the attributes lang and dir."""
    return {
        "gettext": texts.gettext,
        "ngettext": texts.ngettext,
        "language": texts.language,
        "direction": texts.direction,
    }


def _environment(folder: Path | None) -> Environment:
    from stormpath_wsgi.rendering import COMPILED, environment_of  # here, because it imports Jinja

    environment = environment_of(_PACKAGE, folder, extensions=["jinja2.ext.i18n"], bytecode_cache=COMPILED)
    environment.policies["ext.i18n.trimmed"] = True
    environment.globals.update(_words(english()))  # for macros, which do not see what a page is rendered with
    return environment


@cache
def our_environment() -> Environment:
    """What renders our own files. It compiles each once in a process, whatever is set of the look."""
    return _environment(None)


def _source_of(environment: Environment, name: str) -> str:
    from stormpath_wsgi.rendering import source_of

    return source_of(environment, name)


@cache
def _our_source(name: str) -> str:
    return _OURS.joinpath(name).read_text("utf-8")


@lru_cache(maxsize=16)
def _ours(names: tuple[str, ...], look: LookSettings) -> Templates:
    return Templates(None, names, look)


def _digest(text: str) -> str:
    """*text* as a source of a Content-Security-Policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _missing(name: str, view: str) -> str:
    if name == view:
        return f"web: there is no template {name}, neither in the folder web.templates nor among ours; correct the view"
    return f"web.templates: {view} needs {name}, which is neither there nor among ours"


def _file(view: str) -> str:
    return view if "." in view else f"{view}.html"

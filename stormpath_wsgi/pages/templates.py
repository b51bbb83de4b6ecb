"""The look of our pages: Jinja templates, one style sheet and one script, which the owner can replace or add to."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple, cast

from jinja2 import (
    BaseLoader,
    BytecodeCache,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
    TemplateError,
    TemplateNotFound,
    nodes,
)
from jinja2.bccache import Bucket
from markupsafe import Markup

from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.pages import look as looks
from stormpath_wsgi.settings import LookSettings
from stormpath_wsgi.texts import Texts, english

_NO_LOOK = LookSettings()


class Templates:
    """Renders pages. A file in *folder* is taken before ours of the same name.

    ``{% extends "stormpath/login.html" %}`` names our own from there. ``custom.css`` is empty with us: the place
    for other values of the variables that ``style.css`` starts with. *look*: what the site has set of them.

    Raises :class:`ConfigurationError` when one of *names* or of our own cannot be compiled.
    """

    @classmethod
    def of(cls, folder: Path | None, names: tuple[str, ...], look: LookSettings = _NO_LOOK) -> Templates:
        """The same, made once in a process where there is no *folder*: our own files do not change."""
        return _ours(names, look) if folder is None else cls(folder, names, look)

    def __init__(self, folder: Path | None, names: tuple[str, ...], look: LookSettings = _NO_LOOK) -> None:
        self._environment = _our_environment() if folder is None else _environment(folder)
        self._check(folder, names)
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
        return self._environment.get_template(_file(name)).render({**self._look, **_words(texts), **context})

    def _check(self, folder: Path | None, names: tuple[str, ...]) -> None:
        if folder and not folder.is_dir():
            raise ConfigurationError(f"web.templates: {folder} is not a folder; write the path of one, or nothing")
        parents: dict[str, str | None] = {}
        for name in map(_file, names):
            # What our own templates extend is there.
            for each in self._lineage(name, parents) if folder else (name,):
                try:
                    self._environment.get_template(each)
                except TemplateNotFound as error:
                    raise ConfigurationError(_missing(each, name)) from error
                except (TemplateError, UnicodeDecodeError) as error:
                    raise ConfigurationError(f"web.templates: {each} cannot be used: {error}") from error

    def _lineage(self, name: str, parents: dict[str, str | None]) -> Iterator[str]:
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
                named = _named_in(_source_of(self._environment, following))
                yield from named.imported
                parents[following] = named.extended
            following = parents[following]

    def _source(self, name: str) -> str:
        text = _source_of(self._environment, name)
        if "</" in text:
            raise ConfigurationError(f"web.templates: {name} holds </, which would end it; write no tags there")
        return text


class _Named(NamedTuple):
    """The templates that one imports, and the one that it extends, as far as their names stand in it."""

    imported: tuple[str, ...]
    extended: str | None


@lru_cache(maxsize=128)
def _named_in(source: str) -> _Named:
    parsed = _our_environment().parse(source)
    imported, extended = (
        [node.value for node in found if isinstance(node, nodes.Const)]
        for found in (
            [node.template for node in parsed.find_all(nodes.Import)],
            [node.template for node in parsed.find_all(nodes.Extends)],
        )
    )
    return _Named(tuple(imported), next(iter(extended), None))


class _Compiled(BytecodeCache):
    """What files are compiled to, for all sites of a process. A file that has changed is compiled again."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if (code := self._kept.get(bucket.key)) is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def _words(texts: Texts) -> dict[str, Any]:
    """What the tag trans calls, and the language for the attributes lang and dir."""
    return {
        "gettext": texts.gettext,
        "ngettext": texts.ngettext,
        "language": texts.language,
        "direction": texts.direction,
    }


def _environment(folder: Path | None) -> Environment:
    ours = PackageLoader("stormpath_wsgi.pages")
    theirs: list[BaseLoader] = [FileSystemLoader(folder, encoding="utf-8-sig")] if folder else []
    environment = Environment(
        loader=ChoiceLoader([*theirs, ours, PrefixLoader({"stormpath": ours})]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        bytecode_cache=_COMPILED,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.globals.update(_words(english()))  # for macros, which do not see what a page is rendered with
    return environment


@cache
def _our_environment() -> Environment:
    """Compiles each of our own files once in a process, whatever is set of the look."""
    return _environment(None)


def _source_of(environment: Environment, name: str) -> str:
    return cast(BaseLoader, environment.loader).get_source(environment, name)[0]


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

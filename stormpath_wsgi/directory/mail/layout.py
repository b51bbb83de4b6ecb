"""The layout of our mails: two Jinja templates, one for each part, of which a site may replace either.

What is written into the HTML part is escaped by Jinja. In the other part no value begins a line of its own, however it
was entered.
"""

from __future__ import annotations

import re
import textwrap
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from stormpath_wsgi.directory.mail.colours import Colours, colours
from stormpath_wsgi.directory.mail.content import Content
from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.texts import Texts

if TYPE_CHECKING:
    from jinja2 import Template

_TEXT, _PAGE = "mail.txt", "mail.html"
_LINE = 72  # characters of a line of text, as readers of plain mail are used to
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class Layout:
    """Draws the mails of one directory. Threads may share it.

    Where there is no *folder*, Jinja is imported for the first mail that is drawn: our own files are known to be good.

    *folder*: its files ``mail.txt`` and ``mail.html`` come before ours; they may extend ``stormpath/mail.html``.
    *logo*: the address of a picture. Raises :class:`~stormpath_wsgi.ConfigurationError` when one of the files cannot be
    used.
    """

    @classmethod
    def of(cls, folder: Path | None, logo: str | None, drawn_in: Colours | None = None) -> Layout:
        """The same; made once in a process where there is no *folder*, for our own files do not change."""
        made_in = drawn_in or colours()
        return _ours(logo, made_in) if folder is None else cls(folder, logo, made_in)

    def __init__(self, folder: Path | None, logo: str | None, drawn_in: Colours) -> None:
        if folder is not None and not folder.is_dir():
            raise ConfigurationError(f"mail.templates: {folder} is not a folder; write the path of one, or nothing")
        self._own = None if folder is None else _parts(folder)
        self._logo, self._colours = logo, drawn_in

    def draw(self, content: Content, texts: Texts, *, to: str, site: str, home: str | None) -> tuple[str, str]:
        """Both parts of the mail that says *content*: text, and HTML.

        *to*: the address that it goes to. *site*: what the site is called. *home*: its address.
        """
        values = {
            "content": content,
            "language": texts.language,
            "direction": texts.direction,
            "site": site,
            "sent": texts.gettext("Sent to %(address)s by %(site)s", address=to, site=site),
            "home": home,
            "logo": self._logo,
            "c": self._colours.light,
            "dark": self._colours.dark,
        }
        parts = self._own or _our_parts()
        return parts.text.render(values), parts.page.render(values)


class _Parts(NamedTuple):
    text: Template
    page: Template


def _parts(folder: Path | None) -> _Parts:
    # Here, because they import Jinja.
    from jinja2 import TemplateError, select_autoescape

    from stormpath_wsgi.rendering import environment_of

    escaping = select_autoescape(disabled_extensions=("txt",), default=True)
    environment = environment_of("stormpath_wsgi.directory.mail", folder, autoescape=escaping)
    environment.filters.update(wrapped=_wrapped, host=_host)
    try:
        return _Parts(environment.get_template(_TEXT), environment.get_template(_PAGE))
    except (TemplateError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"mail.templates: a template cannot be used: {error}") from error


@cache
def _our_parts() -> _Parts:
    return _parts(None)


@lru_cache(maxsize=16)
def _ours(logo: str | None, drawn_in: Colours) -> Layout:
    return Layout(None, logo, drawn_in)


def _wrapped(text: str) -> str:
    """*text* in lines of a length that is easy to read. Addresses stay whole, and no value begins a line of its own."""
    one_line = _CONTROL.sub(" ", text)
    return textwrap.fill(one_line, _LINE, break_long_words=False, break_on_hyphens=False)


def _host(address: str) -> str:
    return urlsplit(address).netloc

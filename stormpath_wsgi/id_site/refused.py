"""The page that says why a visitor is not sent on. It is no application's, and asks no directory."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any
from wsgiref.types import WSGIEnvironment

from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Unavailable
from stormpath_wsgi.id_site.asked import NotAsked
from stormpath_wsgi.pages.answer import Answer
from stormpath_wsgi.pages.look import image_sources
from stormpath_wsgi.pages.sentences import SENTENCES
from stormpath_wsgi.pages.templates import Templates
from stormpath_wsgi.settings import WebSettings
from stormpath_wsgi.web.environ import TEXTS
from stormpath_wsgi.web.language import Languages

log = logging.getLogger(__name__)

#: The template of the page.
VIEW = "id-site"


class Refusals:
    """Draws these pages, as the settings of the machine say. Threads may share it.

    Raises :class:`~stormpath_wsgi.ConfigurationError` when the template cannot be used.
    """

    def __init__(self, web: WebSettings) -> None:
        self._templates = Templates.of(web.templates, (VIEW,), web.look)
        self._languages = Languages(web.languages)
        self._names: dict[str, Any] = {"site_name": web.look.name, "links": {}, "look": {}}
        images = " ".join(("'self'", "data:", *image_sources(web.look)))
        self._policy = (
            f"default-src 'none'; style-src 'self' {self._templates.style_source}; img-src {images}; "
            f"script-src {self._templates.script_source}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        )

    def __call__(self, environ: WSGIEnvironment, refusal: NotAsked) -> Answer:
        """The page for *refusal*, which is written into the log."""
        if refusal.status >= HTTPStatus.BAD_REQUEST:
            log.info("The ID Site refuses a request: %s", refusal.reason)
        answer = self._page(environ, refusal.sentence, refusal.status)
        answer.retry_after = refusal.retry_after
        return answer

    def unavailable(self, environ: WSGIEnvironment, error: Unavailable) -> Answer:
        """The page while the directory cannot be reached."""
        log.error("The directory is unavailable: %s", error)
        answer = self._page(environ, SENTENCES[Code.UNAVAILABLE], Code.UNAVAILABLE.status)
        answer.retry_after = error.retry_after
        return answer

    def _page(self, environ: WSGIEnvironment, sentence: str, status: int) -> Answer:
        chosen = environ.get(TEXTS)
        texts = chosen or self._languages.texts(environ.get("HTTP_ACCEPT_LANGUAGE", ""))
        answer = Answer(status=status)
        answer.headers["Content-Security-Policy"] = self._policy
        answer.text = self._templates.render(
            VIEW, texts, message=texts.gettext(sentence), is_wrong=status >= HTTPStatus.BAD_REQUEST, **self._names
        )
        return answer

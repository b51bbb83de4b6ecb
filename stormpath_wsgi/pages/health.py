"""How the site is: for load balancers, containers and monitors."""

from __future__ import annotations

from webob import Request, Response

from stormpath_wsgi.errors import Error, Unavailable
from stormpath_wsgi.pages.answer import json_answer
from stormpath_wsgi.pages.page import Page
from stormpath_wsgi.settings import HealthSettings, ReadySettings

_READS = frozenset({"GET", "HEAD"})


class HealthPage(Page[HealthSettings]):
    """200: a process of the site answers. A directory that is away is no reason to start it anew."""

    name = "health"
    section = HealthSettings
    methods = _READS
    answers_all = True

    def answer(self, request: Request, *, html: bool) -> Response:
        return json_answer({"status": "alive"})


class ReadyPage(Page[ReadySettings]):
    """200 while the directory answers, and 503 while it does not: then other copies of the site are to be asked."""

    name = "ready"
    section = ReadySettings
    methods = _READS
    answers_all = True

    def answer(self, request: Request, *, html: bool) -> Response:
        """Raises :class:`~stormpath_wsgi.errors.Unavailable`, which becomes the 503."""
        try:
            self.site.store.get(self.site.application)
        except Unavailable:
            raise
        except Error as error:
            raise Unavailable(error.body()) from error  # for example, its API key was taken away
        return json_answer({"status": "ready"})

"""Settings that an app changes after its manager was made. Flask-Stormpath read some of them with each request."""

from __future__ import annotations

import logging

from flask import Flask

from flask_stormpath.settings import PREFIX, changed_too_late, late_values, settings_now
from stormpath_wsgi.adapting import AnyPage, Pages

log = logging.getLogger(__name__)


class LatePages:
    """The pages of *app*, as its settings are now. Lives with the process; threads may share it."""

    def __init__(self, app: Flask, pages: Pages) -> None:
        self._app, self._pages = app, pages
        self._then = {name: value for name, value in app.config.items() if name.startswith(PREFIX)}
        self._made_of = late_values(app.config), dict[str, AnyPage]()

    def named(self, name: str) -> AnyPage | None:
        """The page with that *name*; None: it is not served. Raises :class:`~stormpath_wsgi.ConfigurationError`."""
        values, made = self._made_of
        now = late_values(self._app.config)
        if now != values:
            made = self._remade()
            self._made_of = now, made
        return made.get(name) or self._pages.named(name)

    def warn_of_others(self) -> None:
        """Log which settings were changed that are not looked at any more."""
        for name in changed_too_late(self._app.config, self._then):
            log.warning(
                "%s was changed after the StormpathManager had seen the app %r, and has no effect: set it before.",
                name,
                self._app.name,
            )

    def _remade(self) -> dict[str, AnyPage]:
        web = settings_now(self._app.config).web
        sections = {"login": web.login, "register": web.register_}
        found = {name: self._pages.named(name) for name in sections}
        return {name: type(page)(page.site, sections[name]) for name, page in found.items() if page is not None}

"""What is known of a page before it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stormpath_wsgi.pages.about import About
from stormpath_wsgi.settings import PageSettings


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """A page, as it declares itself, with its section of the settings.

    *name*: in the ``links`` of templates and in the endpoints of adapters. *keeps_next*: whether links to it carry
    along where the visitor wanted to go. *templates*: those that it shows. *form_targets*: where its forms may lead to,
    paths of this site or whole addresses. *wanted*: whether a directory wants it, where the settings leave that open.
    """

    name: str
    settings: PageSettings
    keeps_next: bool
    templates: tuple[str, ...]
    form_targets: tuple[str, ...]
    wanted: Callable[[About], bool]

    def is_on(self, about: About) -> bool:
        """Whether it is served. *about* is asked only where the settings leave that open."""
        enabled = self.settings.enabled
        return self.wanted(about) if enabled is None else enabled

"""The three handlers of the settings: listeners that are told only of what happens on our own pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stormpath_wsgi.client import Account, Client
from stormpath_wsgi.events import AfterEvent, Registered, SignedIn, SignedOut, at, here
from stormpath_wsgi.settings import Handler, WebSettings


def listen(client: Client, web: WebSettings) -> None:
    """Have the handlers of *web* called with what the *client*'s listeners are told."""
    handlers: dict[type[AfterEvent], Handler | None] = {
        Registered: web.post_registration_handler,
        SignedIn: web.post_login_handler,
        SignedOut: web.post_logout_handler,
    }
    for kind, handler in handlers.items():
        if handler is not None:
            client.events.listen(kind, _listener(client, handler))


def _listener(client: Client, handler: Handler) -> Callable[[AfterEvent], Any]:
    def listener(event: AfterEvent) -> None:
        origin = here()
        if origin.page and origin.environ is not None:
            account = None if event.account is None else Account(client, event.account)
            with at(page=False):  # what the handler itself does is no act of our pages
                handler(account, origin.environ)

    return listener

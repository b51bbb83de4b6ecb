"""Our pages as a view of a Flask app asks them: with the field names and the form tokens of Flask-Stormpath's forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from flask import current_app
from flask_wtf.csrf import validate_csrf
from webob import Request
from wtforms.validators import ValidationError

from flask_stormpath.fields import of_account, with_our_names
from stormpath_wsgi.pages import AnyPage, declared
from stormpath_wsgi.pages.change import ChangePage
from stormpath_wsgi.pages.csrf import FIELD, OF_FORM
from stormpath_wsgi.pages.forgot import ForgotPage
from stormpath_wsgi.pages.login import LoginPage
from stormpath_wsgi.pages.logout import LogoutPage
from stormpath_wsgi.pages.page import Page
from stormpath_wsgi.pages.parameters import media_type
from stormpath_wsgi.pages.register import RegisterPage
from stormpath_wsgi.pages.sentences import EXPIRED
from stormpath_wsgi.settings import PageSettings
from stormpath_wsgi.web.bodies import FORM

S = TypeVar("S", bound=PageSettings)


class OfFlask(Page[S]):
    """A page of ours that a Flask app serves."""

    def posted(self, request: Request) -> dict[str, Any] | None:
        """What was posted, by our names."""
        posted = super().posted(request)
        return None if posted is None else with_our_names(posted)

    def check_token(self, request: Request, posted: dict[str, Any], otherwise: str = EXPIRED) -> None:
        """Take the token out of what was *posted*: one of ours, or of Flask-WTF."""
        token = posted.pop(_token_name(), None)
        if _needs_no_token():
            posted.pop(FIELD, None)
        elif media_type(request) == FORM and _is_of_flask_wtf(token):
            request.environ[OF_FORM] = token
        else:
            super().check_token(request, posted, otherwise)


class FlaskLogin(OfFlask[Any], LoginPage):
    """The page where people sign in."""


class FlaskRegister(OfFlask[Any], RegisterPage):
    """The page where people make an account."""

    def accept(self, request: Request, posted: Mapping[str, Any], *, html: bool) -> Any:
        """As the page does it. Of a form only what is about the account counts, as with Flask-Stormpath."""
        if media_type(request) == FORM:
            posted = of_account(posted, self.form_at(request).fields)
        return super().accept(request, posted, html=html)


class FlaskLogout(OfFlask[Any], LogoutPage):
    """The address to which a sign-out button posts."""


class FlaskForgot(OfFlask[Any], ForgotPage):
    """The page where people ask for a new password."""


class FlaskChange(OfFlask[Any], ChangePage):
    """The page to which the link in a mail leads, where people choose a new password."""


def pages_of_flask() -> tuple[type[AnyPage], ...]:
    """All pages of ours; those that Flask-Stormpath had too as a Flask app serves them."""
    ours = {kind.name: kind for kind in (FlaskLogin, FlaskRegister, FlaskLogout, FlaskForgot, FlaskChange)}
    return tuple(ours.get(kind.name, kind) for kind in declared())


def _token_name() -> str:
    return str(current_app.config.get("WTF_CSRF_FIELD_NAME", "csrf_token"))


def _needs_no_token() -> bool:
    """Whether a test of the app has switched form tokens off, as tests of Flask-WTF's forms do."""
    return current_app.testing and not current_app.config.get("WTF_CSRF_ENABLED", True)


def _is_of_flask_wtf(token: object) -> bool:
    """Whether *token* is from a form of Flask-WTF that this browser was shown."""
    if not isinstance(token, str):
        return False
    try:
        validate_csrf(token)
    except ValidationError:
        return False
    return True

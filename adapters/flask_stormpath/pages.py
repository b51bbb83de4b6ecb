"""Our pages as a view of a Flask app asks them: with the fields, tokens and templates of Flask-Stormpath's forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from flask import current_app
from flask import request as asked_in
from flask_wtf.csrf import validate_csrf
from webob import Request, Response
from wtforms.validators import ValidationError

from flask_stormpath import faces
from flask_stormpath.fields import of_account, with_our_names
from stormpath_wsgi.adapting import (
    CONFIRMATION,
    EXPIRED,
    FIELD,
    FORM,
    OF_FORM,
    PASSWORDS_DIFFER,
    AnyPage,
    ChangePage,
    ChangePasswordSettings,
    ForgotPage,
    ForgotPasswordSettings,
    FormPage,
    FormPageSettings,
    Invalid,
    LoginPage,
    LoginSettings,
    LogoutPage,
    LogoutSettings,
    Outcome,
    Page,
    PageSettings,
    RegisterPage,
    RegisterSettings,
    declared,
    media_type,
    texts_of,
)

S = TypeVar("S", bound=PageSettings)
F = TypeVar("F", bound=FormPageSettings)


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


class FormOfFlask(OfFlask[F], FormPage[F]):
    """A page with a form that the app may have a template of its own for."""

    face: ClassVar[faces.Face]

    def draw(self, request: Request, status: int, **context: Any) -> Response:
        """The page, by the app's template where it has one."""
        template, form = self.face.template, self.face.form
        if template is None or form is None:
            return super().draw(request, status, **context)
        faces.tell(context, texts_of(request.environ))
        return faces.drawn(template, status, form=faces.filled(form, context))


class FlaskLogin(FormOfFlask[LoginSettings], LoginPage):
    """The page where people sign in."""

    face = faces.LOGIN

    def is_asked(self, posted: Mapping[str, Any], *, html: bool) -> bool:
        """A template of the app's own knows nothing of the question."""
        return super().is_asked(posted, html=html and self.face.template is None)


class FlaskRegister(FormOfFlask[RegisterSettings], RegisterPage):
    """The page where people make an account."""

    face = faces.REGISTER

    def accept(self, request: Request, posted: Mapping[str, Any], *, html: bool) -> Outcome:
        """As the page does it. Of a form only what is about the account counts, as with Flask-Stormpath."""
        if media_type(request) == FORM:
            posted = of_account(posted, self.form_at(request).fields)
        return super().accept(request, posted, html=html)


class FlaskLogout(OfFlask[LogoutSettings], LogoutPage):
    """The address to which a sign-out button posts."""


class FlaskForgot(FormOfFlask[ForgotPasswordSettings], ForgotPage):
    """The page where people ask for a new password."""

    face = faces.FORGOT

    def asks_code(self, request: Request) -> bool:
        """A template of the app's own knows nothing of codes."""
        return faces.SENT.template is None and super().asks_code(request)

    def conclude(self, request: Request, outcome: Outcome, *, html: bool) -> Response:
        """The app's page that says that a mail is on its way, where it has one."""
        template = faces.SENT.template if html else None
        if template is None:
            return super().conclude(request, outcome, html=html)
        return faces.drawn(template, user=faces.Asker(asked_in.form.get("email", "")))


class FlaskChange(FormOfFlask[ChangePasswordSettings], ChangePage):
    """The page to which the link in a mail leads, where people choose a new password."""

    face = faces.CHANGE

    def accept(self, request: Request, posted: Mapping[str, Any], *, html: bool) -> Outcome:
        """As the page does it. Flask-Stormpath's form has a field for the same password once more."""
        if CONFIRMATION in posted and posted[CONFIRMATION] != posted.get("password"):
            raise Invalid(PASSWORDS_DIFFER, field=CONFIRMATION)
        return super().accept(request, posted, html=html)

    def conclude(self, request: Request, outcome: Outcome, *, html: bool) -> Response:
        """The app's page that says that the password is changed, where it has one and nothing more is asked."""
        answer = super().conclude(request, outcome, html=html)
        done = outcome.signed_in or outcome.location == self.site.link(request, self._settings.next_uri)
        template = faces.COMPLETE.template if html and done else None
        if template is None:
            return answer
        page = faces.drawn(template)
        page.headers.extend((name, value) for name, value in answer.headerlist if name == "Set-Cookie")
        return page


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

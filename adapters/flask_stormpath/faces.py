"""How our pages look in templates of the app's own: files and settings of Flask-Stormpath.

Such a template is rendered by the app, with its context processors. It sees ``form``, one of :mod:`.forms`, and what is
wrong among the flashed messages. While neither the template nor the base template is the app's own, our own page is
shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from flask import Blueprint, Flask, current_app, flash, has_request_context, render_template, request
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, PasswordField, SelectField, StringField

from flask_stormpath.fields import OLD
from flask_stormpath.flags import AnonymousUser
from flask_stormpath.forms import ChangePasswordForm, ForgotPasswordForm, LoginForm, RegistrationForm
from stormpath_wsgi.adapting import Answer, Texts, texts_of

#: What the blueprint with our templates is called.
TEMPLATES = "flask_stormpath"
_FOLDER = Path(__file__).parent / "templates" / TEMPLATES
_KINDS = {"checkbox": BooleanField, "hidden": HiddenField, "password": PasswordField, "select": SelectField}


class Face(NamedTuple):
    """The *setting* that names a template of Flask-Stormpath, and the form that it shows, if any."""

    setting: str
    form: type[FlaskForm] | None = None

    @property
    def template(self) -> str | None:
        """The name of the template; None: nothing of it is the app's own."""
        names = current_app.config[self.setting], current_app.config["STORMPATH_BASE_TEMPLATE"]
        return None if all(map(_is_ours, names)) else names[0]


LOGIN = Face("STORMPATH_LOGIN_TEMPLATE", LoginForm)
REGISTER = Face("STORMPATH_REGISTRATION_TEMPLATE", RegistrationForm)
FORGOT = Face("STORMPATH_FORGOT_PASSWORD_TEMPLATE", ForgotPasswordForm)
SENT = Face("STORMPATH_FORGOT_PASSWORD_EMAIL_SENT_TEMPLATE")
CHANGE = Face("STORMPATH_FORGOT_PASSWORD_CHANGE_TEMPLATE", ChangePasswordForm)
COMPLETE = Face("STORMPATH_FORGOT_PASSWORD_COMPLETE_TEMPLATE")


class Asker(AnonymousUser):
    """Who has asked for a new password, as the template sees them: whether anybody has the address nothing tells."""

    def __init__(self, email: str) -> None:
        self.email = email


def add_templates(app: Flask) -> None:
    """Let *app* extend and replace the templates of Flask-Stormpath: a file of the same name in the app comes first."""
    ours = Blueprint(TEMPLATES, __package__, template_folder="templates")
    ours.app_context_processor(_words)
    app.register_blueprint(ours)


def _words() -> dict[str, Any]:
    """What our templates call: a text of our pages in the language of the visitor; that language; its direction."""
    return {"stormpath_text": _text, "stormpath_language": _language, "stormpath_direction": _direction}


def _text(english: str, **values: str) -> str:
    if has_request_context():
        return texts_of(request.environ).gettext(english, **values)
    return english % values if values else english


def _language() -> str:
    """For the attribute ``lang`` of a page."""
    return texts_of(request.environ).language if has_request_context() else "en"


def _direction() -> str:
    """For its attribute ``dir``."""
    return texts_of(request.environ).direction if has_request_context() else "ltr"


def drawn(template: str, status: int = 200, **context: Any) -> Answer:
    """*template* as an answer. What it may load and run is for the app to say."""
    answer = Answer(render_template(template, **context), status=status)
    del answer.headers["Content-Security-Policy"]
    return answer


def filled(kind: type[FlaskForm], context: Mapping[str, Any]) -> FlaskForm:
    """A form of *kind*, with what the *context* of our page says of its fields. Those of the site's own are added."""
    fields: Sequence[Mapping[str, Any]] = context["fields"]
    more = {field["name"]: _field(field) for field in fields if not hasattr(kind, _old_name(field))}
    form = type(kind.__name__, (kind,), more)(formdata=None)
    for field in fields:
        bound = form[_old_name(field)]
        bound.data = field["value"]
        bound.label.text = (context.get("labels") or {}).get(field["name"]) or field["label"]
        bound.flags.required, bound.flags.shown = field["required"], True
        bound.errors = list(_errors(field, context))
    return form


def tell(context: Mapping[str, Any], texts: Texts) -> None:
    """Flash what our page, with its *context*, would say beside its form."""
    for message in dict.fromkeys(_said(context, texts)):
        flash(message)


def _is_ours(name: str) -> bool:
    found = current_app.jinja_env.get_template(name).filename
    return found is not None and Path(found).parent == _FOLDER


def _old_name(field: Mapping[str, Any]) -> str:
    return OLD.get(field["name"], field["name"])


def _field(field: Mapping[str, Any]) -> Any:
    kind = _KINDS.get(field["type"], StringField)
    return kind(field["label"], choices=dict(field["options"])) if kind is SelectField else kind(field["label"])


def _errors(field: Mapping[str, Any], context: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with *field*. Our page may show it in another way than by a sentence at the field."""
    wrong = field["error"]
    if wrong:
        yield wrong if isinstance(wrong, str) else context["error"].message


def _said(context: Mapping[str, Any], texts: Texts) -> Iterator[str]:
    error, banner = context.get("error"), context.get("banner")
    if error is not None:
        wrong = [message for field in context["fields"] for message in _errors(field, context)]
        yield from wrong or [" ".join(filter(None, (error.title, error.message)))]
    elif banner is not None:
        yield " ".join(filter(None, (banner.title, banner.text)))
    elif context.get("dead"):
        yield texts.gettext("This link no longer works")

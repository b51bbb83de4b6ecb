"""The forms of Flask-Stormpath, for views and templates of the app's own. Our pages fill them in for such templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import current_app
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import Email, EqualTo, InputRequired, ValidationError

_MISSING = {
    "username": "Username is required.",
    "given_name": "First name is required.",
    "middle_name": "Middle name is required.",
    "surname": "Surname is required.",
}


class RegistrationForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """For a new account. *config*: the settings that say which fields must be filled in; those of the app unless given.

    ``form.data`` has the names that :meth:`.User.create` takes, and the form token, which that does not take.
    """

    username = StringField("Username")
    given_name = StringField("First Name")
    middle_name = StringField("Middle Name")
    surname = StringField("Last Name")
    email = StringField(
        "Email",
        [InputRequired("You must provide an email address."), Email("You must provide a valid email address.")],
    )
    password = PasswordField("Password", [InputRequired("You must supply a password.")])

    def __init__(self, *args: Any, config: Mapping[str, Any] | None = None, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self._settings = current_app.config if config is None else config

    def validate(self, extra_validators: Mapping[str, Any] | None = None) -> bool:
        """Whether all that is needed is there. What is wrong is in ``errors``."""
        needed = {name: [self._demand] for name in _MISSING if self._is_needed(name)}
        return bool(super().validate(extra_validators={**needed, **(extra_validators or {})}))

    def _is_needed(self, name: str) -> bool:
        return all(self._settings.get(f"STORMPATH_{wish}_{name.upper()}") for wish in ("ENABLE", "REQUIRE"))

    @staticmethod
    def _demand(form: RegistrationForm, field: Any) -> None:
        if not field.data:
            raise ValidationError(_MISSING[field.short_name])


class LoginForm(FlaskForm):  # type: ignore[misc]
    """For signing in."""

    login = StringField("Username or Email", [InputRequired("Login identifier required.")])
    password = PasswordField("Password", [InputRequired("Password required.")])


class ForgotPasswordForm(FlaskForm):  # type: ignore[misc]
    """For asking for a new password."""

    email = StringField("Email", [InputRequired("Email address required.")])


class ChangePasswordForm(FlaskForm):  # type: ignore[misc]
    """For choosing a new password."""

    password = PasswordField("Password", [InputRequired("Password required.")])
    password_again = PasswordField(
        "Password (again)",
        [InputRequired("Please verify the password."), EqualTo("password", "Passwords do not match.")],
    )

"""The settings of a Flask app, ``STORMPATH_…`` in ``app.config``, and what they are with us.

They are of two kinds. The documented ones of Flask-Stormpath are listed here. All of ours are known under the names of
their environment variables, in which underscores do not count: ``STORMPATH_DIRECTORY``,
``STORMPATH_SESSION_COOKIE_SECURE``. What ``app.config`` changes wins over files and the environment.
"""

from __future__ import annotations

import datetime as dt
import difflib
import hmac
import warnings
from collections.abc import Iterator, Mapping, MutableMapping
from copy import copy
from typing import Any, NamedTuple

from flask import Flask

from stormpath_wsgi import ConfigurationError, Settings

PREFIX = "STORMPATH_"
KEY_LENGTH = 32  # characters; what is asked of our own secretKeys as well

_FIELDS = "web.register.form.fields"
_LOGIN = "web.login.form.fields.login"


class Documented(NamedTuple):
    """A setting of Flask-Stormpath: its default, and the names of ours that get its value."""

    default: Any
    places: tuple[str, ...] = ()
    #: What to do instead, for one that has no effect any more.
    instead: str = ""


def _as(*places: str, default: Any = None) -> Documented:
    return Documented(default, places)


def _gone(default: Any, instead: str) -> Documented:
    return Documented(default, instead=instead)


DOCUMENTED: Mapping[str, Documented] = {
    "STORMPATH_APPLICATION": _as("application.name"),
    # Credentials are for a directory on another machine. One that is embedded asks for none.
    "STORMPATH_API_KEY_ID": _as("client.apiKey.id"),
    "STORMPATH_API_KEY_SECRET": _as("client.apiKey.secret"),
    "STORMPATH_API_KEY_FILE": _as("client.apiKey.file"),
    "STORMPATH_CACHE": _gone(None, "set STORMPATH_CACHE_SIZE and STORMPATH_CACHE_TTL"),
    "STORMPATH_COOKIE_DOMAIN": _as("session.cookieDomain"),
    # Not 365 days: who wants a cookie to be good for a year has to say so.
    "STORMPATH_COOKIE_DURATION": _as("session.idle", "session.absolute"),
    "STORMPATH_ENABLE_LOGIN": _as("web.login.enabled", default=True),
    "STORMPATH_ENABLE_REGISTRATION": _as("web.register.enabled", default=True),
    "STORMPATH_ENABLE_LOGOUT": _as("web.logout.enabled", default=True),
    "STORMPATH_LOGIN_URL": _as("web.login.uri", default="/login"),
    "STORMPATH_REGISTRATION_URL": _as("web.register.uri", default="/register"),
    "STORMPATH_LOGOUT_URL": _as("web.logout.uri", default="/logout"),
    "STORMPATH_REDIRECT_URL": _as("web.login.nextUri", "web.register.nextUri", default="/"),
    "STORMPATH_REGISTRATION_REDIRECT_URL": _as("web.register.nextUri"),
    "STORMPATH_ENABLE_USERNAME": _as(f"{_FIELDS}.username.enabled", default=False),
    "STORMPATH_ENABLE_GIVEN_NAME": _as(f"{_FIELDS}.givenName.enabled", default=True),
    "STORMPATH_ENABLE_MIDDLE_NAME": _as(f"{_FIELDS}.middleName.enabled", default=True),
    "STORMPATH_ENABLE_SURNAME": _as(f"{_FIELDS}.surname.enabled", default=True),
    "STORMPATH_ENABLE_EMAIL": _as(f"{_FIELDS}.email.enabled", default=True),
    "STORMPATH_ENABLE_PASSWORD": _as(f"{_FIELDS}.password.enabled", default=True),
    "STORMPATH_REQUIRE_USERNAME": _as(f"{_FIELDS}.username.required", default=True),
    "STORMPATH_REQUIRE_GIVEN_NAME": _as(f"{_FIELDS}.givenName.required", default=True),
    "STORMPATH_REQUIRE_MIDDLE_NAME": _as(f"{_FIELDS}.middleName.required", default=False),
    "STORMPATH_REQUIRE_SURNAME": _as(f"{_FIELDS}.surname.required", default=True),
    "STORMPATH_REQUIRE_EMAIL": _gone(True, "an account always has an e-mail address and a password; take it out"),
    "STORMPATH_REQUIRE_PASSWORD": _gone(True, "an account always has an e-mail address and a password; take it out"),
    "STORMPATH_ENABLE_FORGOT_PASSWORD": _as("web.forgotPassword.enabled", "web.changePassword.enabled", default=False),
    "STORMPATH_FORGOT_PASSWORD_URL": _as("web.forgotPassword.uri", default="/forgot"),
    "STORMPATH_FORGOT_PASSWORD_CHANGE_URL": _as("web.changePassword.uri", default="/forgot/change"),
    "STORMPATH_ENABLE_GOOGLE": _as(default=False),
    "STORMPATH_ENABLE_FACEBOOK": _as(default=False),
    "STORMPATH_GOOGLE_LOGIN_URL": _as(default="/google"),
    "STORMPATH_FACEBOOK_LOGIN_URL": _as(default="/facebook"),
    "STORMPATH_SOCIAL": _as(default={}),
    "STORMPATH_VERIFY_EMAIL": _gone(False, "say in the directory whether addresses are verified"),
    "STORMPATH_ENABLE_SETTINGS": _gone(True, "there never was such a page; take it out"),
    "STORMPATH_SETTINGS_URL": _gone("/settings", "there never was such a page; take it out"),
    "STORMPATH_SETTINGS_TEMPLATE": _gone("flask_stormpath/settings.html", "there never was such a page; take it out"),
    "STORMPATH_BASE_TEMPLATE": _as(default="flask_stormpath/base.html"),
    "STORMPATH_LOGIN_TEMPLATE": _as(default="flask_stormpath/login.html"),
    "STORMPATH_REGISTRATION_TEMPLATE": _as(default="flask_stormpath/register.html"),
    "STORMPATH_FORGOT_PASSWORD_TEMPLATE": _as(default="flask_stormpath/forgot.html"),
    "STORMPATH_FORGOT_PASSWORD_EMAIL_SENT_TEMPLATE": _as(default="flask_stormpath/forgot_email_sent.html"),
    "STORMPATH_FORGOT_PASSWORD_CHANGE_TEMPLATE": _as(default="flask_stormpath/forgot_change.html"),
    "STORMPATH_FORGOT_PASSWORD_COMPLETE_TEMPLATE": _as(default="flask_stormpath/forgot_complete.html"),
    # Those below Flask-Stormpath did not know: they bring its ways back where ours are safer.
    # Whether GET signs out, as it did there; any image on any site can do that.
    "STORMPATH_LOGOUT_ON_GET": _as(default=False),
    # Whether who is signed in but not in the groups is sent to the login page, as documented, or gets 403.
    "STORMPATH_GROUPS_REDIRECT": _as(default=True),
    # Whether the register page takes a name or a username that it does not ask for.
    "STORMPATH_ACCEPT_DISABLED_FIELDS": _as(default=False),
    # What stands for a given name and a surname that were not given on the register page, such as "Anonymous".
    "STORMPATH_ANONYMOUS_NAME": _as(),
}

#: The fields of the register page that can be switched off, as they are called in settings and with us.
_SWITCHED = {"USERNAME": "username", "GIVEN_NAME": "givenName", "MIDDLE_NAME": "middleName", "SURNAME": "surname"}

#: Settings that the views of Flask-Stormpath read with each request. So do ours.
LATE = (
    "STORMPATH_REDIRECT_URL",
    "STORMPATH_REGISTRATION_REDIRECT_URL",
    *(f"STORMPATH_{wish}_{name}" for name in _SWITCHED for wish in ("ENABLE", "REQUIRE")),
    *(name for name in DOCUMENTED if name.endswith("_TEMPLATE")),
    "STORMPATH_ANONYMOUS_NAME",
    "STORMPATH_GROUPS_REDIRECT",
    "STORMPATH_ACCEPT_DISABLED_FIELDS",
)

_MISSING = object()

#: How much a name has to be like one of ours, at the least, so that it can be a typing error.
_ALIKE = 0.8

#: Where the documented defaults are not ours.
_DEFAULTS: Mapping[str, Any] = {
    "web.register.autoLogin": True,
    # Its login page showed the form to everybody. So does ours: who lacks a group is sent there, and not back again.
    "web.login.sendOn": False,
    # Its apps have links that sign out. Ours lead to a page with a button, so that no image elsewhere signs out.
    "web.logout.page": True,
    # Not by the directory's policy: an app of before may have views of its own there.
    "web.forgotPassword.enabled": False,
    "web.changePassword.enabled": False,
    "web.changePassword.uri": "/forgot/change",
    f"{_FIELDS}.middleName.enabled": True,
    f"{_FIELDS}.middleName.required": False,
}

_SOCIAL = {
    "GOOGLE": ("client_id", "client_secret", "You must define your Google app settings."),
    "FACEBOOK": ("app_id", "app_secret", "You must define your Facebook app settings."),
}


def init_settings(config: MutableMapping[str, Any]) -> None:
    """Give every documented setting that is not there its default."""
    for name, documented in DOCUMENTED.items():
        config.setdefault(name, copy(documented.default))


def check_settings(config: Mapping[str, Any]) -> None:
    """Raise :class:`ConfigurationError` for what is wrong in *config* and can be seen without our own settings."""
    for provider, (public, secret, sentence) in _SOCIAL.items():
        app = (config.get("STORMPATH_SOCIAL") or {}).get(provider) or {}
        if config.get(f"STORMPATH_ENABLE_{provider}") and not (app.get(public) and app.get(secret)):
            raise ConfigurationError(sentence)
    if not isinstance(config.get("STORMPATH_COOKIE_DOMAIN") or "", str):
        raise ConfigurationError("STORMPATH_COOKIE_DOMAIN must be a string.")
    if not isinstance(config.get("STORMPATH_COOKIE_DURATION") or dt.timedelta(), dt.timedelta):
        raise ConfigurationError("STORMPATH_COOKIE_DURATION must be a timedelta object.")
    _check_names(config)


def middleware_settings(app: Flask) -> dict[str, Any]:
    """The keywords of :class:`~stormpath_wsgi.StormpathMiddleware` for *app*, whose own settings are all there.

    They are dotted names. An instance folder that no source names is Flask's; keys that no source names are derived
    from ``SECRET_KEY`` and ``SECRET_KEY_FALLBACKS``, as far as these are long enough. Raises
    :class:`ConfigurationError`.
    """
    _warn(app.config)
    told = {**_DEFAULTS, **dict(_told(app.config))}
    try:
        known = Settings.read(**told)
    except ConfigurationError as error:
        raise ConfigurationError(f"{error}{_legend(app.config)}") from None
    if "instance" not in known.model_fields_set:
        told["instance"] = app.instance_path
    if not known.secret_keys and (keys := _signing_keys(app.config, known)):
        told["secretKeys"] = keys
    return told


def late_values(config: Mapping[str, Any]) -> tuple[object, ...]:
    """The values in *config* of the settings that may change after the manager was made, as with Flask-Stormpath."""
    return tuple(config[name] for name in LATE)


def changed_too_late(config: Mapping[str, Any], then: Mapping[str, Any]) -> list[str]:
    """The settings in *config* that are others than *then*, when the manager was made, and count no more."""
    ours = (name for name in config if name.startswith(PREFIX))
    return [name for name in ours if name not in LATE and config[name] != then.get(name, _MISSING)]


def settings_now(config: Mapping[str, Any]) -> Settings:
    """The settings of *config* as it is now. Raises :class:`ConfigurationError`."""
    return Settings.read(**{**_DEFAULTS, **dict(_told(config))})


def _told(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Our settings that *config* changes, by dotted name; where two names stand for one, the later one counts."""
    if not config["STORMPATH_ENABLE_USERNAME"]:
        yield from {f"{_LOGIN}.label": "Email", f"{_LOGIN}.placeholder": "Email"}.items()
    for name, documented in _changed(config).items():
        yield from ((place, config[name]) for place in documented.places)
    if config["STORMPATH_COOKIE_DURATION"]:
        yield "web.login.rememberMe", False  # nobody is asked: that is how long everybody stays
    if config["STORMPATH_ACCEPT_DISABLED_FIELDS"]:
        for field in (field for name, field in _SWITCHED.items() if not config[f"STORMPATH_ENABLE_{name}"]):
            yield from _unseen(field)
    yield from _social(config)
    for name, place in _own(config).items():
        if config[name] is not None:
            yield place, config[name]


def _social(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Our settings of the providers that *config* enables, by dotted name."""
    for provider, (public, secret, _) in _SOCIAL.items():
        if config[f"STORMPATH_ENABLE_{provider}"]:
            app, place = config["STORMPATH_SOCIAL"][provider], f"web.social.{provider.lower()}"
            scopes = app.get("scopes")
            yield f"{place}.enabled", True
            yield f"{place}.clientId", app[public]
            yield f"{place}.clientSecret", app[secret]
            yield f"{place}.uri", config[f"STORMPATH_{provider}_LOGIN_URL"]
            if scopes:
                yield f"{place}.scope", scopes if isinstance(scopes, str) else " ".join(scopes)
            if app.get("hd"):
                yield f"{place}.hd", app["hd"]


def _unseen(field: str) -> Iterator[tuple[str, bool]]:
    """The settings of a *field* that is taken and not shown."""
    for setting, value in {"enabled": True, "visible": False, "required": False}.items():
        yield f"{_FIELDS}.{field}.{setting}", value


def _warn(config: Mapping[str, Any]) -> None:
    """Warn of settings that have no effect, and say what to do instead."""
    for name, documented in _changed(config).items():
        if documented.instead:
            warnings.warn(f"{name} has no effect: {documented.instead}.", stacklevel=5)


def _legend(config: Mapping[str, Any]) -> str:
    """What the settings that *config* changes are called in what is said about ours."""
    places = {name: " and ".join(documented.places) for name, documented in _changed(config).items()}
    return "".join(f"\n{name} is {place}." for name, place in places.items() if place)


def _changed(config: Mapping[str, Any]) -> dict[str, Documented]:
    return {name: documented for name, documented in DOCUMENTED.items() if config[name] != documented.default}


def _own(config: Mapping[str, Any]) -> dict[str, str]:
    """The names in *config* that stand for settings of ours, with the settings' dotted names."""
    ours = [name for name in config if name.startswith(PREFIX) and name not in DOCUMENTED]
    return {name: place for name in ours if (place := Settings.place(name)) is not None}


def _check_names(config: Mapping[str, Any]) -> None:
    """An app may have names of its own that begin like ours; but a typing error in one of ours must not pass."""
    known = [*DOCUMENTED, *_own(config)]
    ours = {_flat(name): name for name in (*DOCUMENTED, *(each.variable for each in Settings.describe()))}
    for name in config:
        if not name.startswith(PREFIX) or name in known:
            continue
        near = difflib.get_close_matches(_flat(name), ours, n=1, cutoff=_ALIKE)
        if near:
            raise ConfigurationError(
                f"There is no setting {name}; did you mean {ours[near[0]]}? If it is one of your own, give it a name "
                f"that does not begin with {PREFIX}."
            )
        warnings.warn(f"{name} is no setting of ours, and has no effect on us.", stacklevel=4)


def _flat(name: str) -> str:
    """*name* without what all have, and without underscores, which do not count."""
    return name.removeprefix(PREFIX).replace("_", "")


def _signing_keys(config: Mapping[str, Any], known: Settings) -> list[str]:
    """Keys for our cookies. No key where ``SECRET_KEY`` is too short or is set later: then the one in the instance
    folder signs.

    What a key is derived into is always long. So the length is looked at first, or ``dev`` would sign sessions.
    """
    secret, fallbacks = config.get("SECRET_KEY"), config.get("SECRET_KEY_FALLBACKS") or ()
    if not secret or len(secret) < KEY_LENGTH:
        if not known.directory.startswith("sqlite:"):
            raise ConfigurationError(
                f"SECRET_KEY is {'shorter than ' + str(KEY_LENGTH) + ' characters' if secret else 'not set yet'}, and "
                "machines that share a directory must share the keys of the session cookie: make a key with "
                "stormpath-wsgi secret, and set SECRET_KEY to it on each machine, before the StormpathManager sees the "
                "app."
            )
        if secret:
            _warn_of_short("SECRET_KEY", "A generated key in the instance folder signs the session cookie instead.")
        return []
    good = [key for key in fallbacks if len(key) >= KEY_LENGTH]
    if len(good) < len(fallbacks):
        _warn_of_short("A key in SECRET_KEY_FALLBACKS", "No session cookie that it signed is accepted.")
    return [_derived(key) for key in (secret, *good)]


def _warn_of_short(name: str, consequence: str) -> None:
    warnings.warn(
        f"{name} is shorter than {KEY_LENGTH} characters, and can be guessed. {consequence} Flask still signs its own "
        "cookies with it: make a new key with stormpath-wsgi secret, and set SECRET_KEY to it.",
        stacklevel=5,
    )


def _derived(key: str | bytes) -> str:
    # A key of our own: what Flask signs must never be good as one of our cookies, or the other way round.
    return hmac.digest(key.encode() if isinstance(key, str) else key, b"flask_stormpath", "sha256").hex()

"""Settings that switch a defence off, and modes that are for developers."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from stormpath_wsgi.doctor.check import Grade, Seen, of_settings
from stormpath_wsgi.doctor.setup import LOCAL_HOSTS, Setup

#: A network of proxies with more addresses than this holds visitors as well, unless it is a private one.
WIDEST = 256
#: A session that is not used ends after this long at the latest.
LONGEST = dt.timedelta(days=90)
_ON = ("1", "true", "yes", "on")
_DEBUGGERS = ("DebuggedApplication", "EvalException", "DebugToolbarMiddleware")


@of_settings(
    "debug-mode",
    "A debugger is on",
    Grade.HIGH,
    why="A visitor who makes the site fail sees its code and settings, and may run what he types.",
    mend="unset FLASK_DEBUG; app.run(debug=False); DEBUG = False",
    docs="production",
)
def debug_mode(setup: Setup) -> Iterator[Seen]:
    """A variable of the environment, or the application itself, says so."""
    for name in ("FLASK_DEBUG", "DJANGO_DEBUG", "PYTHONDEVMODE"):
        if setup.environ.get(name, "").lower() in _ON:
            yield Seen(f"{name} is {setup.environ[name]}.", name)
    for app in setup.apps:
        if type(app).__name__ in _DEBUGGERS or _is_debugged(app):
            yield Seen(f"{type(app).__name__} is a debugger, or has debug on.", type(app).__module__)


def _is_debugged(app: object) -> bool:
    try:
        return getattr(app, "debug", None) is True
    except Exception:  # the application is not ours, nor is what it does when it is asked
        return False


@of_settings(
    "limits-off",
    "Nobody who guesses is held up",
    Grade.HIGH,
    why="Each common password can be tried for each account.",
    mend="limits: {enabled: true}",
    docs="security#guessing",
)
def limits_off(setup: Setup) -> Iterator[Seen]:
    """``limits.enabled`` is off."""
    if not setup.settings.limits.enabled:
        yield Seen("limits.enabled is false.", setup.source("limits.enabled"))


@of_settings(
    "proxies-wide",
    "Visitors may write their own address",
    Grade.HIGH,
    why="No limit counts for who writes another address into each request.",
    mend="proxies: [10.0.0.5], which is your proxy alone",
    docs="production#the-proxy",
)
def proxies_wide(setup: Setup) -> Iterator[Seen]:
    """A network of ``proxies`` that is public and large, or everything."""
    for name in setup.settings.proxies:
        network = None if name == "unix" else ipaddress.ip_network(name)
        if network is not None and network.num_addresses > WIDEST and not network.is_private:
            yield Seen(f"proxies names {name}.", setup.source("proxies"))


@of_settings(
    "forwarded-by-all",
    "Every visitor may say that he uses https",
    Grade.MEDIUM,
    why="The site believes what strangers write into X-Forwarded-Proto.",
    mend="FORWARDED_ALLOW_IPS=10.0.0.5, which is your proxy alone",
    docs="production#the-proxy",
)
def forwarded_by_all(setup: Setup) -> Iterator[Seen]:
    """``FORWARDED_ALLOW_IPS=*``."""
    if setup.environ.get("FORWARDED_ALLOW_IPS", "").strip() == "*":
        yield Seen("FORWARDED_ALLOW_IPS is *.", "FORWARDED_ALLOW_IPS")


@of_settings(
    "cookie-settings",
    "The settings weaken the session cookie",
    Grade.MEDIUM,
    why="The cookie travels by plain http, or to hosts and with requests that it is not for.",
    mend="leave session.cookieDomain out; session: {cookieSecure: true, cookieSameSite: Lax}",
    docs="sessions",
)
def cookie_settings(setup: Setup) -> Iterator[Seen]:
    """``cookieSecure`` is off where the site is at https; ``cookieDomain``; ``cookieSameSite: None``."""
    session, base = setup.settings.session, setup.settings.web.base_url or ""
    if session.cookie_secure is False and base.startswith("https:"):
        yield Seen("session.cookieSecure is false.", setup.source("session.cookieSecure"))
    if session.cookie_domain is not None:
        yield Seen(f"session.cookieDomain is {session.cookie_domain}.", setup.source("session.cookieDomain"))
    if session.cookie_same_site == "None":
        yield Seen("session.cookieSameSite is None.", setup.source("session.cookieSameSite"))


@of_settings(
    "sessions-long",
    "Sessions last for months without a sign-in",
    Grade.LOW,
    why="A browser that was forgotten somewhere stays signed in.",
    mend="session: {idle: P1D, absolute: P30D}",
    docs="sessions",
)
def sessions_long(setup: Setup) -> Iterator[Seen]:
    """``session.idle`` above ninety days."""
    if setup.settings.session.idle > LONGEST:
        yield Seen(f"session.idle is {setup.settings.session.idle.days} days.", setup.source("session.idle"))


@of_settings(
    "base-url-http",
    "The site is known by an address of plain http",
    Grade.HIGH,
    why="Mails lead to it, and passwords are typed there unencrypted.",
    mend="web: {baseUrl: https://www.example.com}",
    docs="production",
)
def base_url_http(setup: Setup) -> Iterator[Seen]:
    """``web.baseUrl`` by http, of a host that is not this machine."""
    base = setup.settings.web.base_url
    if base is not None and base.startswith("http:") and urlsplit(base).hostname not in LOCAL_HOSTS:
        yield Seen(f"web.baseUrl is {base}.", setup.source("web.baseUrl"))


@of_settings(
    "mail-links",
    "Links in mails lead nowhere",
    Grade.MEDIUM,
    why="Nobody gets a new password; and who mends it in a hurry takes the address from the request.",
    mend="web: {baseUrl: https://www.example.com}",
    docs="mail",
)
def mail_links(setup: Setup) -> Iterator[Seen]:
    """Mail is sent by a server, and nothing says where browsers reach the site."""
    settings = setup.settings
    if settings.mail.is_sent and settings.web.base_url is None and settings.mail.reset_link is None:
        yield Seen("mail.url names a server, and web.baseUrl is not set.", setup.source("mail.url"))


@of_settings(
    "mail-clear-text",
    "Mails with tokens travel unencrypted to another machine",
    Grade.MEDIUM,
    why="Whoever is on the way sets new passwords.",
    mend="mail: {url: smtp://USER:PASSWORD@HOST}, which is encrypted",
    docs="mail",
)
def mail_clear_text(setup: Setup) -> Iterator[Seen]:
    """``smtp+plain`` to a host that is not this machine."""
    url = setup.settings.mail.url
    parts = urlsplit("" if url is None else url.get_secret_value())
    if parts.scheme == "smtp+plain" and parts.hostname not in LOCAL_HOSTS:
        yield Seen(f"mail.url leads to {parts.hostname}, unencrypted.", setup.source("mail.url"))


@of_settings(
    "registration-open",
    "Whoever registers passes where a sign-in is asked",
    Grade.INFO,
    why="protect says login, and registration is open: everybody can make that account.",
    mend="web: {register: {enabled: false}}, and invitations; or a group in protect",
    docs="invitations",
)
def registration_open(setup: Setup) -> Iterator[Seen]:
    """Registration is on, and ``protect`` guards a path by a sign-in alone."""
    settings = setup.settings
    paths = [path for path, guard in settings.protect.items() if "login" in (guard, _policy(guard))]
    if settings.web.register_.enabled is not False and paths:
        yield Seen(f"protect asks for no more than a sign-in at {', '.join(paths)}.", setup.source("protect"))


def _policy(guard: object) -> object:
    return guard.get("policy") if isinstance(guard, dict) else getattr(guard, "__name__", "").removesuffix("_required")


@of_settings(
    "verified-by-get",
    "Opening a link verifies an address",
    Grade.LOW,
    why="Mail servers open links to look for viruses, so addresses are verified that nobody reads.",
    mend="web: {verifyEmail: {onGet: false}}",
    docs="mail",
)
def verified_by_get(setup: Setup) -> Iterator[Seen]:
    """``web.verifyEmail.onGet`` is on."""
    if setup.settings.web.verify_email.on_get:
        yield Seen("web.verifyEmail.onGet is true.", setup.source("web.verifyEmail.onGet"))


@of_settings(
    "registration-tells",
    "Registration is set to tell which addresses have an account",
    Grade.LOW,
    why="A list of addresses becomes a list of members.",
    mend="web: {register: {tellsTaken: false}}",
    docs="mail",
)
def registration_tells(setup: Setup) -> Iterator[Seen]:
    """``web.register.tellsTaken`` is on."""
    if setup.settings.web.register_.tells_taken:
        yield Seen("web.register.tellsTaken is true.", setup.source("web.register.tellsTaken"))


@of_settings(
    "frames-allowed",
    "Other sites may show pages of the application in a frame",
    Grade.LOW,
    why="Visitors click there on what they do not see.",
    mend="sameOriginFrames: true",
    docs="security",
)
def frames_allowed(setup: Setup) -> Iterator[Seen]:
    """``sameOriginFrames`` is off."""
    if not setup.settings.same_origin_frames:
        yield Seen("sameOriginFrames is false.", setup.source("sameOriginFrames"))


@of_settings(
    "tokens-unasked",
    "Access tokens that were revoked pass until they expire",
    Grade.LOW,
    why="Who has stolen one keeps it, whatever its owner does.",
    mend="bearer: {validation: full}",
    docs="tokens",
)
def tokens_unasked(setup: Setup) -> Iterator[Seen]:
    """``bearer.validation`` is ``local``."""
    if setup.settings.bearer.validation == "local":
        yield Seen("bearer.validation is local.", setup.source("bearer.validation"))


@of_settings(
    "passwords-by-basic",
    "Programs may send the password of an account with each request",
    Grade.LOW,
    why="They keep it where they run, and it opens all else of the account.",
    mend="basic: {password: false}, and API keys for programs",
    docs="tokens",
)
def passwords_by_basic(setup: Setup) -> Iterator[Seen]:
    """``basic.password`` is on."""
    if setup.settings.basic.password:
        yield Seen("basic.password is true.", setup.source("basic.password"))

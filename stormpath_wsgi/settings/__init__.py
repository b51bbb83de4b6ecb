"""Every setting, declared once: its type, default, unit and meaning.

``Settings.load()`` reads them; later sources win: the defaults below, ``~/.stormpath/stormpath.json|yaml|yml``, the
same in the working directory, ``STORMPATH_…`` environment variables, keyword arguments. :mod:`.sources` does the
reading, :mod:`.instance` keeps what is generated when nothing is set.

Names and defaults follow the public Stormpath framework specification where it has them.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import pkgutil
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.events import Events, heard
from stormpath_wsgi.kinds import ONE_LINE, CustomData
from stormpath_wsgi.settings import instance, sources
from stormpath_wsgi.settings.instance import KEY_LENGTH
from stormpath_wsgi.settings.sources import Unit

log = logging.getLogger(__name__)


def _seconds(value: Any) -> Any:
    # Environment variables and ini files only know text; ISO 8601 text is left to pydantic.
    return int(value) if isinstance(value, str) and re.fullmatch(r"\s*\d{1,12}\s*", value) else value


def _lasting(value: dt.timedelta) -> dt.timedelta:
    if not dt.timedelta(seconds=1) <= value <= dt.timedelta(days=3650):
        raise ValueError("write a duration of 1 second to 10 years")
    return value


def _long_enough_to_connect(value: dt.timedelta) -> dt.timedelta:
    if value < dt.timedelta(seconds=2):
        raise ValueError("write a duration of at least 2 seconds: no connection to a server is given up sooner")
    return value


def _split(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip().startswith("["):
        with suppress(json.JSONDecodeError, RecursionError):
            return json.loads(value)
    return re.split(r"[,\s]+", value.strip(", \t\r\n")) if isinstance(value, str) else value


def _page(value: str) -> str:
    # One leading slash: "//host" and "/\host" are other sites to a browser.
    if not re.fullmatch(r"/(?![/\\])[^?#\s\x00-\x1f]*", value):
        raise ValueError("write a path of your site that starts with one /, without ? and #")
    return value


def _target(value: str) -> str:
    if not re.fullmatch(r"(/(?![/\\])|https?://[^/\s])[^\s\x00-\x1f\\]*|/", value):
        raise ValueError("write a path of your site that starts with one /, or a whole http(s) address")
    return value


def _directory(value: str) -> str:
    if not re.match(r"sqlite://(/.+)?\Z|postgresql(\+psycopg)?://|https?://", value):
        raise ValueError(
            "write sqlite:///path/of/accounts.db, postgresql+psycopg://user:password@host/database or "
            "https://id.example.com/v1"
        )
    return _no_credential(value) if value.startswith("http") else value


def _listen_url(value: SecretStr) -> SecretStr:
    if not re.match(r"postgresql(\+psycopg)?://", value.get_secret_value()):
        raise ValueError("write postgresql+psycopg://user:password@host/database")
    return value


def _no_credential(value: str) -> str:
    if "@" in value:
        raise ValueError("leave the API key out of the address, and set client.apiKey")
    return value


def _key(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < KEY_LENGTH:
        raise ValueError(f"is shorter than {KEY_LENGTH} characters; make one with: stormpath-wsgi secret")
    return value


def _encryption_key(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"([0-9A-Fa-f]{2}){32,}", value.get_secret_value()):
        raise ValueError("has fewer than 64 hex digits; make one with: stormpath-wsgi secret")
    return value


#: What our forms can show: one input with one value.
_INPUT_TYPES = (
    "text", "email", "password", "tel", "url", "search", "number", "range", "date", "time", "datetime-local", "month",
    "week", "color", "checkbox", "hidden",
)  # fmt: skip


def _function(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return pkgutil.resolve_name(value)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"write module:function; {value:.80} cannot be imported: {error}") from error


def _listener(value: Any) -> Any:
    heard(value)
    return value


def _cookie_name(value: str) -> str:
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", value):
        raise ValueError("write a cookie name (RFC 6265): letters, digits, - and _")
    if value.lower().startswith(("__host-", "__secure-")):
        raise ValueError("leave the prefix out; __Host- is added to the name whenever the cookie qualifies for it")
    return value


def _cookie_domain(value: str) -> str:
    if not re.fullmatch(r"\.?[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*", value):
        raise ValueError("write a host name such as example.com, without scheme, port and path")
    return value


def _base_url(value: str) -> str:
    if not re.fullmatch(r"https?://[^/?#\s]+(/[^?#\s]*)?", value):
        raise ValueError("write a whole http(s) address such as https://id.example.com/v1")
    return value.rstrip("/")


def _hosts(value: tuple[str, ...]) -> tuple[str, ...]:
    for host in value:
        if not re.fullmatch(r"(\[[0-9A-Fa-f:.]{2,45}\]|[^\[\]:/?#@\s]{1,255})(:[0-9]{1,5})?", host):
            raise ValueError("write hosts such as id.example.com or 10.0.0.5:8000, without http:// and a path")
    return value


def _link(value: str) -> str:
    if not re.fullmatch(r"https?://[^/?#\s]+([/?#]\S*)?", value):
        raise ValueError("write a whole http(s) address such as https://www.example.com/change")
    return value


def _header(value: str) -> str:
    if not ONE_LINE.fullmatch(value):
        raise ValueError("write one line of text")
    return value


def _address(value: str) -> str:
    if not re.fullmatch(r"[^\s@<>,;:\"\x00-\x1f\x7f]+@[0-9A-Za-z.-]+", value):
        raise ValueError("write an e-mail address such as noreply@example.com")
    return value


def _off(value: Any) -> Any:
    # YAML reads off as false; environment variables and ini files only know text.
    is_off = value is False or (isinstance(value, str) and value.strip().lower() in ("off", "false", "none", "null"))
    return None if is_off else value


#: What the server and the browser say of a request: to write something else there would break it.
_TAKEN_VARIABLE = re.compile(
    r"AUTH_TYPE|CONTENT_(LENGTH|TYPE)|GATEWAY_INTERFACE|PATH_(INFO|TRANSLATED)|QUERY_STRING|REMOTE_(ADDR|HOST|PORT)|"
    r"REQUEST_(METHOD|URI)|RAW_URI|SCRIPT_NAME|SERVER_(NAME|PORT|PROTOCOL|SOFTWARE)|HTTP_(ACCEPT(_\w+)?|AUTHORIZATION|"
    r"CONTENT_(LENGTH|TYPE)|COOKIE|FORWARDED|HOST|ORIGIN|REFERER|SEC_FETCH_SITE|TRANSFER_ENCODING|"
    r"X_FORWARDED_(FOR|HOST|PORT|PREFIX|PROTO))"
)


def _variable(value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"[A-Z][A-Z0-9_]*", value):
        raise ValueError(
            "write the name of a variable such as REMOTE_USER, or HTTP_X_FORWARDED_USER for what an app reads as the "
            "header X-Forwarded-User; off: none"
        )
    if value is not None and _TAKEN_VARIABLE.fullmatch(value):
        raise ValueError(f"{value} says something else of the request; write another name")
    return value


def _application_href(value: str) -> str:
    if "/applications/" not in value:
        raise ValueError("write the href of an application: it contains /applications/")
    return value


def _protected(value: Mapping[str, Any]) -> Mapping[str, Any]:
    for path, policy in value.items():
        if not re.fullmatch(r"/[^?#]*", path):
            raise ValueError(f"{path}: write a path of your site that starts with /, without ? and #")
        named = isinstance(policy, (list, tuple)) and policy and all(isinstance(group, str) for group in policy)
        if not (callable(policy) or policy == "login" or named):
            raise ValueError(f"{path}: write login, or a list of group names, or (in Python) a policy")
    return value


Duration = Annotated[dt.timedelta, BeforeValidator(_seconds), AfterValidator(_lasting)]
Bytes = Annotated[int, Field(gt=0), Unit("bytes")]
Page = Annotated[str, AfterValidator(_page)]
Target = Annotated[str, AfterValidator(_target)]
Variable = Annotated[str | None, BeforeValidator(_off), AfterValidator(_variable)]
Names = Annotated[tuple[str, ...], BeforeValidator(_split)]


class Section(BaseModel):
    """A group of settings. Frozen; camelCase and snake_case names are both accepted; an unknown one is refused."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        validate_default=True,
        arbitrary_types_allowed=True,
        alias_generator=to_camel,
        populate_by_name=True,
        hide_input_in_errors=True,
    )


class ApplicationSettings(Section):
    """Which application people sign in to. Neither set: the tenant's only one."""

    href: Annotated[str, AfterValidator(_application_href)] | None = Field(
        None, description="Its href. Wins over the name."
    )
    name: str | None = Field(None, description="Its exact name.")


class SessionSettings(Section):
    """How long a browser stays signed in, and what its cookie is like."""

    idle: Duration = Field(dt.timedelta(days=1), description="A session ends when it has not been used for this long.")
    absolute: Duration = Field(
        dt.timedelta(days=30), description="A session ends this long after sign-in, used or not."
    )
    cookie_name: Annotated[str, AfterValidator(_cookie_name)] = Field(
        "stormpath_session",
        description="Name of the session cookie. Browsers see it with the prefix __Host- when the cookie is Secure, "
        "has the path / and no domain.",
    )
    cookie_secure: bool | None = Field(
        None, description="Whether the cookie travels over https only. Not set: yes when the request came by https."
    )
    cookie_path: Page = Field("/", description="Path below which browsers send the cookie.")
    cookie_domain: Annotated[str, AfterValidator(_cookie_domain)] | None = Field(
        None, description="Domain whose hosts all get the cookie. Not set: only the host that set it, which is safer."
    )
    cookie_same_site: Literal["Lax", "Strict", "None"] = Field(
        "Lax", description="When browsers send the cookie with requests that another site caused."
    )

    check: Literal["remembered", "strict"] = Field(
        "remembered",
        description="Whether a verified session may be remembered until this process is told of a change, which on "
        "PostgreSQL takes a moment, or (strict) every signed-in request asks whether anything has changed. With a "
        "SQLite file nothing is late either way.",
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.idle > self.absolute:
            raise ValueError("idle is longer than absolute; write an idle time of at most the absolute one")
        if self.cookie_same_site == "None" and self.cookie_secure is not True:
            # Browsers drop such a cookie in silence: nobody could sign in.
            raise ValueError("cookieSameSite None needs a Secure cookie; set cookieSecure to true as well")
        return self


class EnvironSettings(Section):
    """In which variables of the WSGI environ any app finds who is signed in; off: in none.

    Nobody else's word stands there: what visitors or servers in front have written is deleted, also for strangers.
    """

    user: Variable = Field("REMOTE_USER", description="The variable for the name that remoteUser chooses; off: none.")
    email: Variable = Field(
        None, description="One for the e-mail address, such as HTTP_X_FORWARDED_EMAIL. Only a verified one is told."
    )
    groups: Variable = Field(
        None,
        description="One for the names of the groups, such as HTTP_X_FORWARDED_GROUPS: the ENABLED ones among the "
        "account's first 100, as QUALIFIER:NAME outside of the home directory. One that holds the separator is left "
        "out.",
    )
    separator: Annotated[str, Field(min_length=1, max_length=10), AfterValidator(_header)] = Field(
        ",", description="What stands between the names of groups."
    )

    @model_validator(mode="after")
    def _are_apart(self) -> Self:
        names = [name for name in (self.user, self.email, self.groups) if name is not None]
        if len(set(names)) < len(names):
            raise ValueError("user, email and groups need variables of their own")
        return self


MediaType = Literal["application/json", "text/html"]
#: Is given the number of a telephone and the text to send there.
SmsSender = Callable[[str, str], object]
_HANDLER = "The name of a function, module:function; in Python also the function: "
#: Is called with an event of the kinds that its parameter is annotated with, see :mod:`stormpath_wsgi.events`.
EventListener = Annotated[Callable[[Any], object], BeforeValidator(_function), AfterValidator(_listener)]
#: Is told what has happened. The account is a client's object.
Handler = Callable[[Any, dict[str, Any]], object]


class FieldSettings(Section):
    """One field of a form."""

    label: str = Field(description="The text above the input, and in its messages.")
    placeholder: str = Field(
        "", description="The hint inside the empty input. Our page leaves it out where it only repeats the label."
    )
    type: str = Field(
        "text", description=f"The type of the HTML input: {', '.join(_INPUT_TYPES)}; others for templates of your own."
    )
    required: bool | None = Field(
        None, description="Whether it must be filled in. Not set: yes, unless an account schema says otherwise."
    )
    enabled: bool | None = Field(
        True, description="Whether it is taken at all. Not set: only where visitors choose an organization."
    )
    visible: bool = Field(True, description="Whether it is shown; an invisible one is still taken from a request.")


def _field(label: str, placeholder: str | None = None, **rest: Any) -> FieldSettings:
    return FieldSettings(label=label, placeholder=label if placeholder is None else placeholder, **rest)


_ORGANIZATION = _field("Organization", "e.g. my-company", required=True, enabled=None)


_ORDER = "The order on the page; fields not named here follow."
_FIELDS = "Each field by its name in requests. What is given is laid over the documented ones."


class FormSettings(Section):
    """The fields of a form. What is given is laid over the documented fields, name by name."""

    fields: dict[str, FieldSettings] = Field(description=_FIELDS)
    field_order: Names = Field(description=_ORDER)

    #: Fields without which the form makes no sense.
    indispensable: ClassVar[tuple[str, ...]] = ()

    @field_validator("fields", mode="before")
    @classmethod
    def _overlay(cls, given: Any) -> Any:
        documented: Mapping[str, FieldSettings] = cls.model_fields["fields"].default
        if not isinstance(given, Mapping):
            return given
        overlaid = {
            name: {**documented[name].model_dump(), **change}
            if name in documented and isinstance(change, Mapping)
            else change
            for name, change in given.items()
        }
        return {**documented, **overlaid}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for name in self.fields:
            if not CustomData.key.fullmatch(name) or name in CustomData.reserved | {"customData", "csrfToken"}:
                raise ValueError(f"the field {name} cannot be stored; name it with other letters, digits, _ and -")
        for name in self.indispensable:
            if not self.fields[name].enabled:
                raise ValueError(f"the field {name} cannot be disabled")
        for name in self.field_order:
            if name not in self.fields:
                raise ValueError(f"fieldOrder names {name}, which is not among the fields")
        return self


class LoginForm(FormSettings):
    """The fields of the login page."""

    indispensable = ("login", "password")

    fields: dict[str, FieldSettings] = Field(
        {
            "organizationNameKey": _ORGANIZATION,
            "login": _field("Username or Email", required=True),
            "password": _field("Password", required=True, type="password"),
        },
        description=_FIELDS,
    )
    field_order: Names = Field(("organizationNameKey", "login", "password"), description=_ORDER)


class RegisterForm(FormSettings):
    """The fields of the register page. Any other that is declared here goes into the account's custom data."""

    indispensable = ("email", "password")

    fields: dict[str, FieldSettings] = Field(
        {
            "organizationNameKey": _ORGANIZATION,
            "givenName": _field("First Name"),
            "middleName": _field("Middle Name", enabled=False),
            "surname": _field("Last Name"),
            "username": _field("Username", enabled=False),
            "email": _field("Email", type="email"),
            "password": _field("Password", required=True, type="password"),
            "confirmPassword": _field("Confirm Password", required=True, enabled=False, type="password"),
        },
        description=f"{_FIELDS} A new one goes into the account's custom data.",
    )
    field_order: Names = Field(
        (
            "organizationNameKey",
            "username",
            "givenName",
            "middleName",
            "surname",
            "email",
            "password",
            "confirmPassword",
        ),
        description=_ORDER,
    )


class LoginSettings(Section):
    """The page where people sign in."""

    enabled: bool = Field(True, description="Whether we serve it.")
    uri: Page = Field("/login", description="Its path.")
    next_uri: Target = Field("/", description="Where a visitor goes after signing in who wanted no other page.")
    send_on: bool = Field(
        True, description="Whether who is signed in already is sent on, instead of shown the form to sign in anew."
    )
    view: str = Field("login", description="Its template.")
    form: LoginForm = LoginForm()


class RegisterSettings(Section):
    """The page where people make an account."""

    enabled: bool = Field(True, description="Whether we serve it.")
    uri: Page = Field("/register", description="Its path.")
    next_uri: Target = Field("/", description="Where a visitor goes who was signed in by registering.")
    auto_login: bool = Field(False, description="Whether registering signs in.")
    view: str = Field("register", description="Its template.")
    form: RegisterForm = RegisterForm()


class LogoutSettings(Section):
    """The address to which a sign-out button posts."""

    enabled: bool = Field(True, description="Whether we serve it.")
    uri: Page = Field("/logout", description="Its path.")
    next_uri: Target = Field("/", description="Where a visitor goes after signing out.")
    page: bool = Field(
        False,
        description="Whether opening it, with GET, shows browsers a page with a button that signs out. Not set: GET is "
        "the application's.",
    )
    view: str = Field("logout", description="The template of that page.")
    also_at: Annotated[tuple[Page, ...], BeforeValidator(_split)] = Field(
        (),
        description="Paths of the application's own sign-out: a POST there that the application accepts ends our "
        "session as well.",
    )


class ExpandSettings(Section):
    """What the account document of ``/me`` holds beside the account's own values."""

    api_keys: bool = Field(False, description="Its API keys, without their secrets.")
    applications: bool = Field(False, description="The applications it can sign in to.")
    custom_data: bool = Field(False, description="Its custom data.")
    directory: bool = Field(False, description="The directory it lives in.")
    group_memberships: bool = Field(False, description="Its memberships.")
    groups: bool = Field(False, description="Its groups.")
    provider_data: bool = Field(False, description="What its directory's provider knows of it.")
    tenant: bool = Field(False, description="The tenant.")


class MeSettings(Section):
    """The address that tells a single-page app who is signed in."""

    enabled: bool = Field(True, description="Whether we serve it.")
    uri: Page = Field("/me", description="Its path.")
    expand: ExpandSettings = ExpandSettings()


class WebSettings(Section):
    """The pages that people and single-page apps meet."""

    base_path: Page | None = Field(None, description="A path before all of our own ones, such as /app.")
    produces: Annotated[tuple[MediaType, ...], BeforeValidator(_split)] = Field(
        ("application/json", "text/html"),
        min_length=1,
        description="The media types we answer with; the first one wins where a request has no preference.",
    )
    templates: Path | None = Field(
        None, description="A folder whose files replace ours of the same name: custom.css, login.html, base.html, …"
    )
    login: LoginSettings = LoginSettings()
    register_: RegisterSettings = Field(RegisterSettings(), alias="register")
    logout: LogoutSettings = LogoutSettings()
    me: MeSettings = MeSettings()
    post_registration_handler: Annotated[Handler, BeforeValidator(_function)] | None = Field(
        None,
        description=f"{_HANDLER}called with the new account and the WSGI environ when the register page made it.",
    )
    post_login_handler: Annotated[Handler, BeforeValidator(_function)] | None = Field(
        None,
        description=f"{_HANDLER}called with the account and the WSGI environ when one of our pages signed it in.",
    )
    post_logout_handler: Annotated[Handler, BeforeValidator(_function)] | None = Field(
        None,
        description=f"{_HANDLER}called with the account (None: nobody was) and the WSGI environ after a sign-out.",
    )

    @model_validator(mode="after")
    def _pages_are_apart(self) -> Self:
        taken: dict[str, str] = {}
        pages: dict[str, LoginSettings | RegisterSettings | LogoutSettings | MeSettings] = {
            "login": self.login,
            "register": self.register_,
            "logout": self.logout,
            "me": self.me,
        }
        for name, page in pages.items():
            if page.enabled and (other := taken.setdefault(page.uri, name)) != name:
                raise ValueError(f"{other}.uri and {name}.uri are both {page.uri}; give each page its own")
        return self

    @model_validator(mode="after")
    def _fields_can_be_shown(self) -> Self:
        if self.templates is not None or "text/html" not in self.produces:
            return self  # somebody else shows them
        for page, form in (("login", self.login.form), ("register", self.register_.form)):
            for name, shown in form.fields.items():
                if shown.type not in _INPUT_TYPES:
                    raise ValueError(
                        f"{page}.form.fields.{name}.type is {shown.type:.40}, which our form cannot show; write one of "
                        + ", ".join(_INPUT_TYPES)
                    )
        return self

    def at(self, uri: str) -> str:
        """The path of one of our *uri* settings below the application's mount point: with the base path before it."""
        return (self.base_path or "").rstrip("/") + uri


class MailSettings(Section):
    """The mail that a directory sends: how it leaves, from whom it is, and where its links lead."""

    url: SecretStr | None = Field(
        None,
        description="How it leaves: smtp://USER:PASSWORD@HOST (port 587, encrypted by STARTTLS or not sent), "
        "smtps://USER:PASSWORD@HOST (port 465), smtp+plain://HOST (port 25, not encrypted: for a relay on the same "
        "machine), folder:///PATH for .eml files, or null: for nowhere. Not set: the folder outbox beside the file of "
        "an embedded directory; of another one no mail is sent. An SMTP server of the tenant comes before it.",
    )
    from_name: Annotated[str, AfterValidator(_header)] = Field(
        "Accounts", description="Name of the sender, where a template has no other."
    )
    from_address: Annotated[str, AfterValidator(_address)] | None = Field(
        None, description="Address of the sender, where a template has no other. Not set: noreply@ the host of baseUrl."
    )
    reset_link: Annotated[str, AfterValidator(_link)] | None = Field(
        None,
        description="Where the links of password reset mails lead, where a template has no other; ?sptoken=TOKEN is "
        "added. Not set: /change on the host of baseUrl.",
    )
    verification_link: Annotated[str, AfterValidator(_link)] | None = Field(
        None, description="The same for verification mails. Not set: /verify on the host of baseUrl."
    )
    verification_ttl: Duration = Field(
        dt.timedelta(days=7), description="How long the token of a verification mail is good."
    )


@dataclass(frozen=True, kw_only=True)
class DirectoryOptions:
    """How a directory in a database is opened: one value, made by the settings and handed down whole.

    *base_url*: what hrefs start with, without a slash at the end. *application_name*: of the application that an empty
    embedded directory gets. *encryption_keys*: those that encrypt the secrets at rest, 64 hex digits each, the first
    encrypts; none: of an embedded directory, those in a file beside its own. *sms*: sends text messages; None: they are
    files in ``outbox`` beside an embedded directory. *password_hasher*: makes the hashes of passwords; None: argon2id
    with the costs of RFC 9106's second choice. *database_timeout*: how long a transaction may wait for the database.
    *listen_url*: the address at which PostgreSQL itself is heard of changes, where the database's is a pooler's; it may
    hold a password. *session_check*: ``strict`` where no change may be noticed late on PostgreSQL. *cache_ttl*: seconds
    that anything is remembered at the most, such as an API key of the REST API. *hash_queue*: how many
    requests of a process may wait for the hash of a password. *events*: who listens to what happens in the directory.
    """

    base_url: str = "https://localhost/v1"
    application_name: str = "My Application"
    encryption_keys: tuple[SecretStr | str, ...] = field(default=(), repr=False)
    sms: SmsSender | None = None
    mail: MailSettings = field(default_factory=MailSettings)
    password_hasher: Argon2Hasher | None = None
    database_timeout: dt.timedelta = dt.timedelta(seconds=5)
    listen_url: SecretStr | None = None
    session_check: Literal["remembered", "strict"] = "remembered"
    cache_ttl: float = 60
    hash_queue: int = 4
    events: Events = field(default_factory=Events)


class ApiSettings(Section):
    """The REST API, as ``stormpath-wsgi serve`` offers it."""

    clock_skew: Duration = Field(
        dt.timedelta(minutes=15),
        description="How far the clock of a client may be off that signs its requests. Stormpath's SDK for PHP needs "
        "PT60M: it writes the month where the minutes belong.",
    )
    hosts: Annotated[Names, AfterValidator(_hosts)] = Field(
        (),
        description="Further names by which clients that sign their requests (SAuthc1) reach the API, such as "
        "10.0.0.5:8000. That of baseUrl is known. A request that was signed for any other host is refused.",
    )
    max_body: Bytes = Field(11_000_000, description="Largest request body; above it: 413.")


class ApiKeySettings(Section):
    """What proves us to a directory on another machine. Not set: the documented places are looked through."""

    file: Path | None = Field(None, description="A file apiKey.properties with the API key. Wins over id and secret.")
    id: str | None = Field(None, description="The id of the API key.")
    secret: SecretStr | None = Field(None, description="The secret of the API key.")


class ClientSettings(Section):
    """How a directory on another machine is reached. Beside a directory in a database it has no effect."""

    api_key: ApiKeySettings = ApiKeySettings()
    base_url: Annotated[str, AfterValidator(_base_url), AfterValidator(_no_credential)] | None = Field(
        None, description="The address of its REST API. Another way to write it into directory."
    )
    authentication_scheme: Literal["SAUTHC1", "BASIC"] = Field(
        "SAUTHC1", description="How a request is authenticated: by a signature, or by the secret itself."
    )
    connection_timeout: Duration = Field(
        dt.timedelta(seconds=15), description="How long one call to it may take, with all its repetitions."
    )
    ca_bundle: Path | None = Field(
        None, description="A file of certificates to trust instead of the usual authorities, for a private one."
    )
    allow_insecure: bool = Field(
        False, description="Whether passwords may travel over plain http to another machine than this one."
    )
    cache_url: SecretStr | None = Field(
        None,
        description="A Redis or Valkey that all workers share as a cache, redis://:PASSWORD@HOST:6379/0. Not set: each "
        "worker has a cache in its memory. Refused beside a directory in a database, which is asked directly.",
    )


class Settings(Section):
    """All settings. ``Settings(…)`` checks what it is given; :meth:`load` reads all sources as well."""

    instance: Path = Field(
        Path("instance"),
        description="Folder for what is generated when it is not set: accounts.db and secret_keys. Made when needed, "
        "private to its owner.",
    )
    client: ClientSettings = ClientSettings()
    directory: Annotated[str, AfterValidator(_directory)] = Field(
        default_factory=lambda known: known["client"].base_url or f"sqlite:///{known['instance'] / 'accounts.db'}",
        description="Where the accounts are: sqlite:///FILE, sqlite:// (in memory, for tests), "
        "postgresql+psycopg://USER:PASSWORD@HOST/DATABASE, or the address of another machine's REST API, "
        "https://HOST/v1. Not set: accounts.db in the instance folder.",
    )
    secret_keys: Annotated[tuple[Annotated[SecretStr, AfterValidator(_key)], ...], BeforeValidator(_split)] = Field(
        (),
        description=f"Keys that sign session cookies, each of at least {KEY_LENGTH} characters: the first signs, all "
        "verify. Not set: one is generated into secret_keys in the instance folder.",
    )
    encryption_keys: Annotated[
        tuple[Annotated[SecretStr, AfterValidator(_encryption_key)], ...], BeforeValidator(_split)
    ] = Field(
        (),
        description="Keys that encrypt the secrets in the directory, 64 hex digits each: the first encrypts, all "
        "decrypt. Not set: an embedded directory has one in a file beside its own, accounts.db-keys.",
    )
    sms: Annotated[SmsSender, BeforeValidator(_function)] | None = Field(
        None,
        description="Sends the text messages of an embedded directory: the name of a function, module:function, which "
        "is called with a telephone number and a text, and raises OSError when it cannot; in Python also the function. "
        "Not set: messages are written into the folder outbox beside the directory's file.",
    )
    password_hasher: Annotated[Argon2Hasher, BeforeValidator(_function)] | None = Field(
        None,
        description="Hashes the passwords of an embedded directory: the name of a hasher of the library pwdlib, "
        "module:name; in Python also the hasher. Tests give a cheap one. Not set: argon2id with 64 MiB, 3 passes and 4 "
        "lanes (RFC 9106, second choice).",
    )
    database_timeout: Annotated[Duration, AfterValidator(_long_enough_to_connect)] = Field(
        dt.timedelta(seconds=5),
        description="How long a request may wait for the database: for a lock, for a connection, and on PostgreSQL for "
        "all that one transaction asks. Then it is answered with 503. Removing a directory, an application or a group, "
        "and migrations, may work for 10 minutes.",
    )
    listen_url: Annotated[SecretStr, AfterValidator(_listen_url)] | None = Field(
        None,
        description="An address of the PostgreSQL server itself, postgresql+psycopg://USER:PASSWORD@HOST/DATABASE, "
        "where directory is that of a pooler such as PgBouncer, through which no notices of changes come. Not set, "
        "behind a pooler: session.check is strict.",
    )
    hash_queue: Annotated[int, Field(ge=0), Unit("requests")] = Field(
        4,
        description="How many requests of each process may wait, 3 seconds at the most, while the passwords of others "
        "are hashed; the rest get 503 at once. Keep it at least four below the threads of a process, so that a flood "
        "of logins leaves some for other pages.",
    )
    base_url: Annotated[str, AfterValidator(_base_url)] = Field(
        "https://localhost/v1", description="What the hrefs of an embedded directory start with."
    )
    application: ApplicationSettings = ApplicationSettings()
    session: SessionSettings = SessionSettings()
    remote_user: Literal["username", "email", "id", "href"] = Field(
        "username",
        description="What REMOTE_USER says of who is signed in. username: the bare username in the application's home "
        "directory, the first that it mapped, and QUALIFIER:USERNAME in every other. email: the address, when it is "
        "verified; else there is no REMOTE_USER. id, href: of the account, which nothing changes.",
    )
    environ: EnvironSettings = EnvironSettings()
    protect: Annotated[Mapping[str, Any], AfterValidator(_protected)] = Field(
        {},
        description="Who may pass, by path; the longest matching path decides. The word login: whoever is signed in. "
        "A list of group names: the members of all of them. In Python also a policy.",
    )
    preflight: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field(
        (),
        description="Paths of protect whose CORS preflights pass: OPTIONS requests without a body with which browsers "
        "ask, without cookies, what another site's script may send. The application sees no header in them that "
        "overrides the method.",
    )
    same_origin_frames: bool = Field(
        True,
        description="Whether HTML pages of the application that say nothing of frames get the header X-Frame-Options: "
        "SAMEORIGIN, so that no other site shows them in a frame and has visitors click there.",
    )
    challenge_on_401: bool = Field(
        False,
        description="Whether browsers get the login page instead of a 401 of the application. Who does not prefer HTML "
        "gets the 401 as it is, with the application's WWW-Authenticate.",
    )
    listeners: Annotated[tuple[EventListener, ...], BeforeValidator(_split)] = Field(
        (),
        description="Functions that are called with what happens to accounts, in order: the name of each, "
        "module:function; in Python also the function. Which events one gets, the annotation of its parameter says: "
        "def greet(event: SignedIn).",
    )
    max_body: Bytes = Field(200_000, description="Largest request body that our own pages read; above it: 413.")
    cache_size: Annotated[int, Field(ge=0), Unit("sessions")] = Field(
        10_000, description="How many sessions each worker remembers."
    )
    cache_ttl: Duration = Field(
        dt.timedelta(seconds=60),
        description="The longest time that anything is remembered: a session is checked again after this long at the "
        "latest, and so is an API key of the REST API. What a directory on another machine has answered is asked anew "
        "after this long.",
    )
    web: WebSettings = WebSettings()
    api: ApiSettings = ApiSettings()
    mail: MailSettings = MailSettings()

    @model_validator(mode="after")
    def _preflights_are_protected(self) -> Self:
        for path in self.preflight:
            if path not in self.protect:
                raise ValueError(f"preflight names {path}, which is not among the paths of protect; write it as there")
        return self

    @classmethod
    def load(cls, **keywords: Any) -> Self:
        """The settings of all sources, with signing keys. Makes the instance folder when something belongs into it.

        Raises :class:`ConfigurationError`, which lists everything that is wrong.
        """
        settings = cls.read(**keywords)
        if settings.in_instance:
            instance.make(settings.instance)
        return settings if settings.secret_keys else settings.model_copy(update={"secret_keys": settings._generated()})

    @classmethod
    def read(cls, **keywords: Any) -> Self:
        """The settings of all sources as they are: ``secret_keys`` may be empty, and nothing is written."""
        return sources.read(cls, keywords, os.environ)

    @classmethod
    def describe(cls) -> list[sources.Description]:
        """What can be set: one entry for each setting, in order of declaration. The documentation is made of it."""
        return sources.describe(cls)

    @classmethod
    def place(cls, variable: str) -> str | None:
        """The dotted name of the setting that an environment *variable* stands for; None when there is none."""
        return sources.place(cls, variable)

    def _generated(self) -> tuple[SecretStr, ...]:
        if self.directory in ("sqlite://", "sqlite:///:memory:"):
            return (SecretStr(secrets.token_hex()),)  # a directory in memory: its sessions die with it anyway
        if not self.directory.startswith("sqlite:"):
            raise ConfigurationError(
                "secretKeys is not set. Machines that share a directory must share the keys as well: make one with "
                "stormpath-wsgi secret and set STORMPATH_SECRETKEYS to it on each."
            )
        return tuple(SecretStr(key) for key in instance.signing_keys(self.instance))

    def __repr_args__(self) -> Any:
        """No secret in a log: keys hide themselves, the address of a database loses its password and query."""
        for name, value in super().__repr_args__():
            yield name, self.address if name == "directory" else value

    @property
    def in_instance(self) -> bool:
        """Whether the directory is the one in the instance folder, because no other was named."""
        return "directory" not in self.model_fields_set and not self.client.base_url

    @property
    def remote(self) -> bool:
        """Whether the directory is on another machine, behind the REST API."""
        return self.directory.startswith(("https://", "http://"))

    def opening(self) -> dict[str, Any]:
        """What opens a client of the directory: ``Client(**settings.opening())``.

        Raises :class:`ConfigurationError` for what has no effect where the directory is and would be missed; the log
        has what does no harm.
        """
        self._check_place()
        if not self.remote:
            return {"url": self.directory, "options": self.directory_options()}
        key, cache = self.client.api_key, self.client.cache_url
        ttl = self.cache_ttl.total_seconds()
        return {
            "url": self.directory,
            "api_key_file_location": key.file,
            "id": key.id,
            "secret": key.secret and key.secret.get_secret_value(),
            "scheme": self.client.authentication_scheme,
            "timeout": self.client.connection_timeout.total_seconds(),
            "ca_bundle": self.client.ca_bundle and str(self.client.ca_bundle),
            "allow_insecure": self.client.allow_insecure,
            "cache_options": {"ttl": ttl, "tti": ttl, "url": cache and cache.get_secret_value()},
            "events": self._events(),
        }

    def _check_place(self) -> None:
        if not self.remote and (missed := self._changed(self.client, "cache_url", "ca_bundle", "allow_insecure")):
            raise ConfigurationError(
                f"client.{missed[0]} is for a directory on another machine, and this one is not ({self.address}): take "
                "it out, or set directory to the address of that machine's REST API."
            )
        for name in self._without_effect():
            log.warning("%s has no effect with the directory %s.", name, self.address)

    def _without_effect(self) -> list[str]:
        if self.remote:
            return self._changed(self, "encryption_keys", "sms", "password_hasher", "mail", "base_url")
        return [f"client.{name}" for name in self._changed(self.client, "authentication_scheme", "connection_timeout")]

    @staticmethod
    def _changed(section: Section, *names: str) -> list[str]:
        """Those of *names* that are not as by default, as they are spelt in a file."""
        fields = type(section).model_fields
        return [fields[name].alias or name for name in names if getattr(section, name) != fields[name].default]

    def directory_options(self) -> DirectoryOptions:
        """How a directory in a database is opened."""
        return DirectoryOptions(
            base_url=self.base_url,
            application_name=self.application.name or "My Application",
            encryption_keys=self.encryption_keys,
            sms=self.sms,
            mail=self.mail,
            password_hasher=self.password_hasher,
            database_timeout=self.database_timeout,
            listen_url=self.listen_url,
            session_check=self.session.check,
            cache_ttl=self.cache_ttl.total_seconds(),
            hash_queue=self.hash_queue,
            events=self._events(),
        )

    def _events(self) -> Events:
        return Events(pair for listener in self.listeners for pair in heard(listener))

    @property
    def address(self) -> str:
        """The directory, for people: without its password and query."""
        return re.sub(r"://([^:/@]*):.*@", r"://\1:***@", self.directory.partition("?")[0])

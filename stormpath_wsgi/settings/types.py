"""What a setting may be: the types that settings are declared with, and the checks behind them.

A check raises ValueError with a sentence that says what to write instead.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import pkgutil
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from stormpath_wsgi.events import heard
from stormpath_wsgi.kinds import ONE_LINE
from stormpath_wsgi.limits.limit import Limit
from stormpath_wsgi.settings.instance import KEY_LENGTH
from stormpath_wsgi.settings.sources import Unit
from stormpath_wsgi.texts import LANGUAGES

#: A host, which is a name or an address, and perhaps a port (RFC 9110, section 7.2).
HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]{2,45}\]|[^\[\]:/?#@\s]{1,255})(?::(?P<port>[0-9]{0,5}))?")


#: Characters of a domain, to which a label of 63 and a dot are added (RFC 1035, section 2.3.4).
LONGEST_DOMAIN = 253 - 64


def _seconds(value: Any) -> Any:
    # Environment variables and ini files only know text; ISO 8601 text is left to pydantic.
    return int(value) if isinstance(value, str) and re.fullmatch(r"\s*\d{1,12}\s*", value) else value


def _lasting(value: dt.timedelta) -> dt.timedelta:
    if not dt.timedelta(seconds=1) <= value <= dt.timedelta(days=3650):
        raise ValueError("write a duration of 1 second to 10 years")
    return value


def _gracious(value: dt.timedelta) -> dt.timedelta:
    if value and not dt.timedelta(seconds=1) <= value <= dt.timedelta(days=366):
        raise ValueError("write 0, or a duration of 1 second to 366 days")
    return value


def _bounded(value: dt.timedelta) -> dt.timedelta:
    if not dt.timedelta() <= value <= dt.timedelta(minutes=10) or value.microseconds:
        raise ValueError("write a duration of 0 to 600 whole seconds")
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


def _options(value: Any) -> Any:
    """Pairs of a value and its text, from a mapping, from texts, from pairs, or from any of these as JSON."""
    if isinstance(value, str):
        with suppress(json.JSONDecodeError, RecursionError):
            value = json.loads(value)
    if isinstance(value, str):
        value = [text.strip() for text in value.split(",") if text.strip()]
    if isinstance(value, Mapping):
        return tuple(value.items())
    if isinstance(value, list | tuple):
        return tuple((each, each) if isinstance(each, str) else each for each in value)
    return value


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
    return _without_key(value) if value.startswith("http") else value


def _listen_url(value: SecretStr) -> SecretStr:
    if not re.match(r"postgresql(\+psycopg)?://", value.get_secret_value()):
        raise ValueError("write postgresql+psycopg://user:password@host/database")
    return value


def _without_key(value: str) -> str:
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


def _function(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return pkgutil.resolve_name(value)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"write module:function; {value:.80} cannot be imported: {error}") from error


def _hasher(value: Any) -> Any:
    from pwdlib.hashers import argon2  # here, because a site whose directory is remote hashes nothing

    if not isinstance(value, argon2.Argon2Hasher):
        raise ValueError("write the name of a hasher, or give one: an Argon2Hasher of pwdlib")
    return value


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


def _domain_name(value: str) -> str:
    if len(value) > LONGEST_DOMAIN or not re.fullmatch(r"[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*", value):
        raise ValueError("write a domain such as example.com, in ASCII, without scheme, port and path")
    return value.lower()


def _base_url(value: str) -> str:
    if not re.fullmatch(r"https?://[^/?#\s]+(/[^?#\s]*)?", value):
        raise ValueError("write a whole http(s) address such as https://id.example.com/v1")
    return value.rstrip("/")


def _site_url(value: str) -> str:
    if not re.fullmatch(r"https?://[^/?#@\s]+(/[^?#\s]*)?", value):
        raise ValueError("write a whole http(s) address such as https://www.example.com, without ? and #")
    return value.rstrip("/")


def _hosts(value: tuple[str, ...]) -> tuple[str, ...]:
    for host in value:
        if not HOST.fullmatch(host) or host.endswith(":"):
            raise ValueError("write hosts such as id.example.com or 10.0.0.5:8000, without http:// and a path")
    return value


def _origins(value: tuple[str, ...]) -> tuple[str, ...]:
    for origin in value:
        if not re.fullmatch(r"https?://[^/?#@\s]+/?", origin):
            raise ValueError("write the address of a site without a path, such as https://www.example.com")
    return tuple(origin.rstrip("/").lower() for origin in value)


def _proxies(value: tuple[str, ...]) -> tuple[str, ...]:
    for name in value:
        try:
            name == "unix" or ipaddress.ip_network(name)
        except ValueError:
            raise ValueError(
                f"{name:.80} is no proxy; write addresses such as 10.0.0.5, whole networks such as 10.0.0.0/8, or unix"
            ) from None
    return value


def _link(value: str) -> str:
    if not re.fullmatch(r"https?://[^/?#\s]+([/?#]\S*)?", value):
        raise ValueError("write a whole http(s) address such as https://www.example.com/change")
    return value


def _one_line(value: str) -> str:
    if not ONE_LINE.fullmatch(value):
        raise ValueError("write one line of text")
    return value


def _image(value: str) -> str:
    # The address becomes a source of the Content-Security-Policy, where blanks, commas and semicolons separate.
    if not re.fullmatch(r"(/(?![/\\])|https://[0-9A-Za-z.-]+(:[0-9]{1,5})?/)[^\s\x00-\x1f\\,;'\"<>]*", value):
        raise ValueError("write a path of your site that starts with one /, or an address that starts with https://")
    return value


def _accent(value: str) -> str:
    colour = value.strip().lower()
    if re.fullmatch("#[0-9a-f]{3}", colour):
        colour = "#" + "".join(digit * 2 for digit in colour[1:])
    if not re.fullmatch("#[0-9a-f]{6}", colour):
        raise ValueError("write a colour as # and six hex digits, such as #2563eb (in YAML in quotes)")
    return colour


def _pixels(value: Any) -> Any:
    return value.strip().removesuffix("px").rstrip() if isinstance(value, str) else value


def _fonts(value: Any) -> Any:
    # Names of fonts have blanks in them, so only commas separate.
    return tuple(name.strip().strip("\"'") for name in value.split(",")) if isinstance(value, str) else value


def _font_names(value: tuple[str, ...]) -> tuple[str, ...]:
    for name in value:
        if not re.fullmatch(r"\w(?:[\w .+-]{0,62}\w)?", name):
            raise ValueError(f"{name:.80} is no name of a font; write letters, digits, blanks and . + - only")
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


def _header_name(value: str | None) -> str | None:
    # No underscore: WSGI reads it as a hyphen, so it would be another way to write the same header.
    if value is not None and not re.fullmatch(r"(Remote|X)(-[0-9A-Za-z]{1,40}){1,8}", value):
        raise ValueError("write the name of a header such as Remote-User or X-Webauth-User; off: none")
    return value


def _guarded_hosts(value: Mapping[str, Any]) -> Mapping[str, Any]:
    for host, guard in value.items():
        scheme, mark, name = host.rpartition("://")
        if (mark and scheme not in ("http", "https")) or host != host.lower() or not HOST.fullmatch(name):
            raise ValueError(
                f"{host:.80} is no host; write wiki.example.com, which is reached by https, or "
                "http://wiki.example.com, in lower case and without a path"
            )
        named = isinstance(guard, (list, tuple)) and guard and all(isinstance(group, str) for group in guard)
        if not (named or guard == "login"):
            raise ValueError(f"{host:.80}: write login, or a list of group names")
    names = [host.rpartition("://")[2] for host in value]
    if len(set(names)) < len(names):
        raise ValueError("name each host once, with http:// or without")
    return value


def _application_href(value: str) -> str:
    if "/applications/" not in value:
        raise ValueError("write the href of an application: it contains /applications/")
    return value


def _protected(value: Mapping[str, Any]) -> Mapping[str, Any]:
    for path, guard in value.items():
        if not re.fullmatch(r"/[^?#]*", path):
            raise ValueError(f"{path}: write a path of your site that starts with /, without ? and #")
        policy = guard
        if isinstance(guard, Mapping):
            if guard.keys() != {"policy", "challenge"} or guard["challenge"] != "basic":
                raise ValueError(f"{path}: write policy, and challenge: basic; or the policy alone")
            policy = guard["policy"]
        named = isinstance(policy, (list, tuple)) and policy and all(isinstance(group, str) for group in policy)
        if not (callable(policy) or named or policy in ("login", "fresh", "secondFactor")):
            raise ValueError(
                f"{path}: write login, fresh, secondFactor, or a list of group names, or (in Python) a policy"
            )
    return value


def _languages(value: tuple[str, ...]) -> tuple[str, ...]:
    for tag in value:
        if tag not in LANGUAGES:
            raise ValueError(f"there is no language {tag:.20}; write some of {', '.join(LANGUAGES)}")
    return tuple(dict.fromkeys(value))


def _time_zone(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return dt.UTC if value == "UTC" else ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"{value:.40} is no time zone of this machine; write one such as UTC or Europe/Berlin, or install tzdata"
        ) from None


def _limit(value: Any) -> Any:
    # What is no text is no limit either, and gets the same sentence.
    return value if isinstance(value, Limit) else Limit.parse(value if isinstance(value, str) else "")


def _audit_url(value: SecretStr) -> SecretStr:
    # A user name and a password in it would not be sent.
    if not re.fullmatch(r"https?://[^/?#@\s]+([/?][^#\s]*)?", value.get_secret_value()):
        raise ValueError("write a whole http(s) address such as https://log.example.com/heads, without # and @")
    return value


def _redis_url(value: SecretStr) -> SecretStr:
    if not re.match(r"(redis|rediss|unix)://", value.get_secret_value()):
        raise ValueError("write redis://host:6379/0, rediss://… for TLS, or unix:///path/of/the/socket")
    return value


Duration = Annotated[dt.timedelta, BeforeValidator(_seconds), AfterValidator(_lasting)]
#: How long something may be taken back; zero: not at all.
Grace = Annotated[dt.timedelta, BeforeValidator(_seconds), AfterValidator(_gracious)]
#: A duration of whole seconds, or none at all.
Leeway = Annotated[dt.timedelta, BeforeValidator(_seconds), AfterValidator(_bounded)]
#: How long a database is waited for.
Wait = Annotated[Duration, AfterValidator(_long_enough_to_connect)]
Bytes = Annotated[int, Field(gt=0), Unit("bytes")]
#: How often something may be tried.
LimitText = Annotated[Limit, BeforeValidator(_limit)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]
#: Texts, which may be written as one text with commas or blanks between them.
Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
OneLine = Annotated[str, AfterValidator(_one_line)]
_OptionText = Annotated[str, Field(min_length=1, max_length=255)]
#: What may be chosen, in its order: values, each with a text for people.
Options = Annotated[tuple[tuple[_OptionText, _OptionText], ...], BeforeValidator(_options)]

#: A path of the site. A target may also be a whole address, of another site.
PagePath = Annotated[str, AfterValidator(_page)]
PagePaths = Annotated[tuple[PagePath, ...], BeforeValidator(_split)]
Target = Annotated[str, AfterValidator(_target)]
#: What may prove who sends a request, in the order in which it counts.
CredentialNames = Annotated[
    tuple[Literal["session", "bearer", "basic"], ...], BeforeValidator(_split), Field(min_length=1)
]
#: Paths of the site with who may pass there.
ProtectedPaths = Annotated[Mapping[str, Any], AfterValidator(_protected)]
#: Other hosts with who may pass there.
GuardedHosts = Annotated[Mapping[str, Any], AfterValidator(_guarded_hosts)]
#: Tags of the languages that there are texts of.
LanguageTags = Annotated[Names, Field(min_length=1), AfterValidator(_languages)]
TimeZone = Annotated[dt.tzinfo, BeforeValidator(_time_zone)]
MediaType = Literal["application/json", "text/html"]
MediaTypes = Annotated[tuple[MediaType, ...], BeforeValidator(_split)]
CookieName = Annotated[str, AfterValidator(_cookie_name)]
CookieDomain = Annotated[str, AfterValidator(_cookie_domain)]
#: How the organization is found that a request is for; None: not at all.
TenancyStrategy = Annotated[Literal["subdomain"] | None, BeforeValidator(_off)]
#: A domain, in lower case.
DomainName = Annotated[str, AfterValidator(_domain_name)]
#: A header that says who somebody is; None: none.
HeaderName = Annotated[str | None, BeforeValidator(_off), AfterValidator(_header_name)]
#: A variable of the WSGI environ; None: none.
Variable = Annotated[str | None, BeforeValidator(_off), AfterValidator(_variable)]

#: Where a directory is: a database, or the address of a REST API.
DirectoryUrl = Annotated[str, AfterValidator(_directory)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
SiteUrl = Annotated[str, AfterValidator(_site_url)]
#: The address of a REST API that is not ours.
ServerUrl = Annotated[BaseUrl, AfterValidator(_without_key)]
ListenUrl = Annotated[SecretStr, AfterValidator(_listen_url)]
ApplicationHref = Annotated[str, AfterValidator(_application_href)]
Hosts = Annotated[Names, AfterValidator(_hosts)]
#: Web origins: a scheme, a host, and possibly a port.
Origins = Annotated[Names, AfterValidator(_origins)]
#: Addresses and networks of proxies, and the word unix.
ProxyNames = Annotated[Names, AfterValidator(_proxies)]
#: Where an image is: a path of the site, or a whole address of any.
ImageAddress = Annotated[str, Field(max_length=2000), AfterValidator(_image)]
#: A colour as ``#rrggbb``, in lower case.
Accent = Annotated[str, AfterValidator(_accent)]
Radius = Annotated[int, Field(ge=0, le=32), BeforeValidator(_pixels), Unit("px")]
FontNames = Annotated[tuple[str, ...], Field(max_length=10), BeforeValidator(_fonts), AfterValidator(_font_names)]
MailAddress = Annotated[str, AfterValidator(_address)]
#: The address of a page that mails lead to.
Link = Annotated[str, AfterValidator(_link)]

#: The address that the heads of the audit are sent to.
AuditUrl = Annotated[SecretStr, AfterValidator(_audit_url)]

SigningKeys = Annotated[tuple[Annotated[SecretStr, AfterValidator(_key)], ...], BeforeValidator(_split)]
EncryptionKeys = Annotated[tuple[Annotated[SecretStr, AfterValidator(_encryption_key)], ...], BeforeValidator(_split)]

#: Is given the number of a telephone and the text to send there.
SmsSender = Callable[[str, str], object]
#: Is told what has happened. The account is a client's object.
Handler = Callable[[Any, dict[str, Any]], object]
# As they are set: the thing itself, or the name under which it can be imported, module:name.
NamedSmsSender = Annotated[SmsSender, BeforeValidator(_function)]
NamedHandler = Annotated[Handler, BeforeValidator(_function)]
#: Says in which place a network address is; None: it does not know.
NamedPlace = Annotated[Callable[[str], str | None], BeforeValidator(_function)]
#: Is called with an event of the kinds that its parameter is annotated with, see :mod:`stormpath_wsgi.events`.
EventListener = Annotated[Callable[[Any], object], BeforeValidator(_function), AfterValidator(_listener)]
Listeners = Annotated[tuple[EventListener, ...], BeforeValidator(_split)]
if TYPE_CHECKING:
    from pwdlib.hashers.argon2 import Argon2Hasher
else:
    Argon2Hasher = Any  # _hasher checks it
NamedHasher = Annotated[Argon2Hasher, BeforeValidator(_function), AfterValidator(_hasher)]

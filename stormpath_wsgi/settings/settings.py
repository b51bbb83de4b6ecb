"""All settings of a site."""

from __future__ import annotations

import datetime as dt
import logging
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import Field, SecretStr, model_validator

from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.events import Events, heard
from stormpath_wsgi.extras import PASSKEYS, REMOTE, SOCIAL
from stormpath_wsgi.passwords.cost import LEAST_MEMORY, LEAST_WORK
from stormpath_wsgi.settings import instance, sources
from stormpath_wsgi.settings.api import ApiSettings
from stormpath_wsgi.settings.application import ApplicationSettings
from stormpath_wsgi.settings.audit import AuditSettings
from stormpath_wsgi.settings.client import ClientSettings
from stormpath_wsgi.settings.credentials import BasicSettings, BearerSettings
from stormpath_wsgi.settings.environ import EnvironSettings
from stormpath_wsgi.settings.id_site import IdSiteSettings
from stormpath_wsgi.settings.instance import KEY_LENGTH
from stormpath_wsgi.settings.limits import LimitsSettings
from stormpath_wsgi.settings.mail import APPLICATION, MailSettings
from stormpath_wsgi.settings.options import DirectoryOptions
from stormpath_wsgi.settings.passkeys import PasskeysSettings, RelyingParty
from stormpath_wsgi.settings.passwords import PasswordsSettings
from stormpath_wsgi.settings.providers import ProvidersSettings
from stormpath_wsgi.settings.section import Section
from stormpath_wsgi.settings.session import SessionSettings
from stormpath_wsgi.settings.social import SocialSettings
from stormpath_wsgi.settings.sources import Unit
from stormpath_wsgi.settings.types import (
    BaseUrl,
    Bytes,
    CredentialNames,
    DirectoryUrl,
    Duration,
    EncryptionKeys,
    Listeners,
    ListenUrl,
    NamedHasher,
    NamedSmsSender,
    Names,
    ProtectedPaths,
    ProxyNames,
    SigningKeys,
    Wait,
)
from stormpath_wsgi.settings.web import WebSettings

log = logging.getLogger("stormpath_wsgi.settings")

#: The environment variable in which ``stormpath-wsgi run`` tells the application where it serves it.
SERVED_AT = "_STORMPATH_SERVED_AT"

#: Hosts that no reader of a mail reaches.
_NOWHERE = ("localhost", "127.0.0.1", "::1")

_PATH = "/%:=@!$&'()*+,;~"  # what a path of an address may hold as it is (RFC 3986)


_IN_MEMORY = ("sqlite://", "sqlite:///:memory:")


class Settings(Section):
    """All settings. ``Settings(…)`` checks what it is given; :meth:`load` reads all sources as well."""

    instance: Path = Field(
        Path("instance"),
        description="Folder for what is generated when it is not set: accounts.db and secret_keys. Made when needed, "
        "private to its owner.",
    )
    client: ClientSettings = ClientSettings()
    directory: DirectoryUrl = Field(
        default_factory=lambda known: known["client"].base_url or f"sqlite:///{known['instance'] / 'accounts.db'}",
        description="Where the accounts are: sqlite:///FILE, sqlite:// (in memory, for tests), "
        "postgresql+psycopg://USER:PASSWORD@HOST/DATABASE, or the address of another machine's REST API, "
        "https://HOST/v1. Not set: accounts.db in the instance folder.",
    )
    secret_keys: SigningKeys = Field(
        (),
        description=f"Keys that sign session cookies, each of at least {KEY_LENGTH} characters: the first signs, all "
        "verify. Not set: one is generated into secret_keys in the instance folder.",
    )
    encryption_keys: EncryptionKeys = Field(
        (),
        description="Keys that encrypt the secrets in the directory, 64 hex digits each: the first encrypts, all "
        "decrypt. Not set: an embedded directory has one in a file beside its own, accounts.db-keys.",
    )
    sms: NamedSmsSender | None = Field(
        None,
        description="Sends the text messages of an embedded directory: the name of a function, module:function, which "
        "is called with a telephone number and a text, and raises OSError when it cannot; in Python also the function. "
        "Not set: messages are written into the folder outbox beside the directory's file.",
    )
    password_hasher: NamedHasher | None = Field(
        None,
        description="Hashes the passwords of an embedded directory: the name of a hasher of the library pwdlib, "
        "module:name; in Python also the hasher. Tests give a cheap one. Not set: argon2id, as dear as passwords.cost "
        "says.",
    )
    database_timeout: Wait = Field(
        dt.timedelta(seconds=5),
        description="How long a request may wait for the database: for a lock, for a connection, and on PostgreSQL for "
        "all that one transaction asks. Then it is answered with 503. Removing an application, and migrations, may "
        "work for 10 minutes; a large directory or group is removed in steps.",
    )
    listen_url: ListenUrl | None = Field(
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
    base_url: BaseUrl = Field("https://localhost/v1", description="What the hrefs of an embedded directory start with.")
    application: ApplicationSettings = ApplicationSettings()
    session: SessionSettings = SessionSettings()
    credentials: CredentialNames = Field(
        ("bearer", "basic", "session"),
        description="What may prove who sends a request: session, the cookie; bearer, an access token that the "
        "application issued; basic, an API key of an account or its password, below paths of protect that offer it. Of "
        "a cookie and a header the one decides that stands first. A header that is ours to judge and wrong makes "
        "nobody signed in, wherever it stands.",
    )
    cookies: Literal["session", "tokens"] = Field(
        "session",
        description="Which cookies a sign-in sets. session: the session cookie alone. tokens: beside it one with an "
        "access token and one with a refresh token, web.accessTokenCookie and web.refreshTokenCookie, and requests "
        "that bring these alone are signed in as well. The access token is renewed by the refresh token until that "
        "ends, however long the browser was away.",
    )
    bearer: BearerSettings = BearerSettings()
    basic: BasicSettings = BasicSettings()
    remote_user: Literal["username", "email", "id", "href"] = Field(
        "username",
        description="What REMOTE_USER says of who is signed in. username: the bare username in the application's home "
        "directory, the first that it mapped, and QUALIFIER:USERNAME in every other. email: the address, when it is "
        "verified; else there is no REMOTE_USER. id, href: of the account, which nothing changes.",
    )
    environ: EnvironSettings = EnvironSettings()
    protect: ProtectedPaths = Field(
        {},
        description="Who may pass, by path; the longest matching path decides. The word login: whoever is signed in. "
        "The word fresh: whose sign-in is not older than session.fresh. A list of group names: the members of all of "
        "them. In Python also a policy. With any of these as POLICY, "
        "{policy: POLICY, challenge: basic}: programs may bring an API key there, by HTTP Basic, and are asked for it.",
    )
    preflight: Names = Field(
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
    listeners: Listeners = Field(
        (),
        description="Functions that are called with what happens to accounts, in order: the name of each, "
        "module:function; in Python also the function. Which events one gets, the annotation of its parameter says: "
        "def greet(event: SignedIn).",
    )
    proxies: ProxyNames = Field(
        (),
        description="The proxies in front of the site, whose X-Forwarded-For says which address a visitor has: "
        "addresses or networks such as 127.0.0.1 and 10.0.0.0/8, and the word unix for one that connects through a "
        "unix socket. The visitor is the right-most address there that is none of them. Not set: visitors have the "
        "address that the server sees, whatever such headers say. It holds for stormpath-wsgi serve as well.",
    )
    max_body: Bytes = Field(200_000, description="Largest request body that our own pages read; above it: 413.")
    cache_size: Annotated[int, Field(ge=0), Unit("sessions")] = Field(
        10_000,
        description="How many sessions each worker remembers, and how many access tokens and API keys of accounts.",
    )
    cache_ttl: Duration = Field(
        dt.timedelta(seconds=60),
        description="The longest time that anything is remembered: a session is checked again after this long at the "
        "latest, and so is an API key of the REST API. What a directory on another machine has answered is asked anew "
        "after this long.",
    )
    limits: LimitsSettings = LimitsSettings()
    passwords: PasswordsSettings = PasswordsSettings()
    web: WebSettings = WebSettings()
    api: ApiSettings = ApiSettings()
    id_site: IdSiteSettings = IdSiteSettings()
    mail: MailSettings = MailSettings()
    passkeys: PasskeysSettings = PasskeysSettings()
    audit: AuditSettings = AuditSettings()
    providers: ProvidersSettings = ProvidersSettings()

    @model_validator(mode="after")
    def _credentials_fit(self) -> Self:
        if "session" not in self.credentials and (self.web.login.enabled or self.web.register_.auto_login):
            raise ValueError(
                "credentials leaves out session, so our pages can sign nobody in; set web.login.enabled and "
                "web.register.autoLogin to false, or add session"
            )
        basic = [path for path, guard in self.protect.items() if isinstance(guard, Mapping)]
        shapes = (self.basic.api_key, self.basic.login_name, self.basic.password)
        if basic and not ("basic" in self.credentials and any(shapes)):
            raise ValueError(
                f"protect offers basic at {basic[0]}, and nothing is taken there; add basic to credentials, and "
                "set basic.apiKey, basic.loginName or basic.password to true"
            )
        return self

    @model_validator(mode="after")
    def _cookies_are_apart(self) -> Self:
        names = (
            self.session.cookie_name,
            self.web.access_token_cookie.name,
            self.web.refresh_token_cookie.name,
        )
        if self.cookies == "tokens" and len(set(names)) < len(names):
            raise ValueError(
                "session.cookieName, web.accessTokenCookie.name and web.refreshTokenCookie.name are not three names; "
                "give each cookie its own"
            )
        return self

    @model_validator(mode="after")
    def _preflights_are_protected(self) -> Self:
        for path in self.preflight:
            if path not in self.protect:
                raise ValueError(f"preflight names {path}, which is not among the paths of protect; write it as there")
        return self

    @model_validator(mode="after")
    def _guarded_hosts_get_the_cookie(self) -> Self:
        own = urlsplit(self.web.base_url or "").hostname
        domain = (self.session.cookie_domain or "").lower().lstrip(".")
        for host in self.web.forward_auth.guarded:
            name = urlsplit(f"//{host}").hostname or ""
            if name != own and not (domain and f".{name}".endswith(f".{domain}")):
                raise ValueError(
                    f"web.forwardAuth.hosts names {name}, which gets no session cookie of {own}, so nobody would be "
                    "signed in there; set session.cookieDomain to a domain of both, such as example.com"
                )
        return self

    @classmethod
    def load(cls, **keywords: Any) -> Self:
        """The settings of all sources, with signing keys. Makes the instance folder when something belongs into it.

        Raises :class:`ConfigurationError`, which lists everything that is wrong.
        """
        settings = cls.read(**keywords)
        if settings.remote:
            REMOTE.check()  # before missing keys are what is complained of
        if settings.in_instance:
            instance.make(settings.instance)
        return settings.with_keys()

    def with_keys(self) -> Self:
        """The same with signing keys: generated ones where none are set. Raises :class:`ConfigurationError`."""
        return self if self.secret_keys else self.model_copy(update={"secret_keys": self._generated()})

    @classmethod
    def read(cls, **keywords: Any) -> Self:
        """The settings of all sources as they are: ``secret_keys`` may be empty, and nothing is written."""
        return sources.read(cls, keywords, os.environ)

    @classmethod
    def inspect(cls, **keywords: Any) -> sources.Inspection:
        """What :meth:`read` would make of the same, with the source of each setting, and everything that is wrong.
        Raises nothing; it tells no secret.
        """
        return sources.inspect(cls, keywords, os.environ)

    def check_keys(self) -> None:
        """Raises :class:`ConfigurationError` when keys are missing that cannot be generated."""
        if not self.secret_keys and not self.directory.startswith("sqlite:"):
            raise ConfigurationError(
                "secretKeys is not set. Machines that share a directory must share the keys as well: make one with "
                "stormpath-wsgi secret and set STORMPATH_SECRETKEYS to it on each."
            )

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
        self.check_keys()
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
            names = ("encryption_keys", "sms", "password_hasher", "mail", "base_url", "audit", "providers", "id_site")
            cost = [f"passwords.{name}" for name in self._changed(self.passwords, "cost")]
            return self._changed(self, *names) + cost
        return [f"client.{name}" for name in self._changed(self.client, "authentication_scheme", "connection_timeout")]

    @staticmethod
    def _changed(section: Section, *names: str) -> list[str]:
        """Those of *names* that are not as by default, as they are spelt in a file."""
        fields = type(section).model_fields
        return [fields[name].alias or name for name in names if getattr(section, name) != fields[name].default]

    @property
    def has_weak_hasher(self) -> bool:
        """Whether passwords that outlive the process are hashed with less work than any choice of OWASP asks for
        (Password Storage Cheat Sheet, Argon2id). That is meant for tests.
        """
        if self.password_hasher is None or self.remote or self.directory in _IN_MEMORY:
            return False
        costs = self.password_hasher._hasher
        return costs.memory_cost < LEAST_MEMORY or costs.memory_cost * costs.time_cost < LEAST_WORK

    def directory_options(self) -> DirectoryOptions:
        """How a directory in a database is opened."""
        if self.has_weak_hasher:
            log.warning(
                "passwordHasher (STORMPATH_PASSWORDHASHER) is one for tests, and %s is not in memory: whoever gets its "
                "hashes finds the passwords soon. Take the setting out.",
                self.address,
            )
        return DirectoryOptions(
            base_url=self.base_url,
            application_name=self.application.name or "My Application",
            encryption_keys=self.encryption_keys,
            sms=self.sms,
            mail=self._mail(),
            password_hasher=self.password_hasher,
            database_timeout=self.database_timeout,
            listen_url=self.listen_url,
            session_check=self.session.check,
            cache_ttl=self.cache_ttl.total_seconds(),
            hash_queue=self.hash_queue,
            limits=self.limits,
            passwords=self.passwords,
            names_audience=self.bearer.audience,
            audit=self.audit,
            providers=self.providers,
            events=self._events(),
        )

    def _mail(self) -> MailSettings:
        """The settings of mail, with links that lead to our pages. No request has a say in where: a visitor can write
        any host into one, and have the token of somebody else mailed with a link to it.
        """
        pages = {
            "reset_link": self.web.change_password,
            "verification_link": self.web.verify_email,
            "invitation_link": self.web.invitation,
        }
        site = self._site + quote(self.web.base_path or "", safe=_PATH).rstrip("/")
        if self.id_site.enabled:  # each application has its pages there
            site = f"{self._site}/sso/{APPLICATION}"
        links = {name: site + quote(page.uri, safe=_PATH) for name, page in pages.items()}
        links["site"] = site
        missing = {name: link for name, link in links.items() if getattr(self.mail, name) is None}
        look = {"site_name": self.web.look.name, "accent": self.web.look.accent, "logo": self._logo}
        look = {name: value for name, value in look.items() if getattr(self.mail, name) is None}
        local = self._is_nowhere if self.mail.local_links is None else self.mail.local_links
        if missing.keys() - {"site"} and self.mail.is_sent and urlsplit(self._site).hostname in _NOWHERE:
            log.warning(
                "The links of mails lead to %s, which only this machine reaches: set web.baseUrl "
                "(STORMPATH_WEB_BASEURL) to the address at which browsers reach the site.",
                self._site,
            )
        domain = self.mail.domain or self.web.organizations_below
        return self.mail.model_copy(update={**missing, **look, "local_links": local, "domain": domain})

    def relying_party(self) -> RelyingParty | None:
        """For whom passkeys are made; None: there are none. No request has a say in it.

        Raises :class:`ConfigurationError` where the settings of passkeys ask for what no browser would do, or for what
        the directory of this process cannot judge.
        """
        party = self.passkeys.relying_party(self._site, self.web.organizations_below, guessed=self._is_nowhere)
        if party is None or self.remote or PASSKEYS.is_installed():
            return party
        if self.passkeys.is_asked_for:
            raise ConfigurationError(f"passkeys: {PASSKEYS.advice}")
        log.info("There are no passkeys. %s", PASSKEYS.advice)
        return None

    def social(self) -> dict[str, SocialSettings]:
        """The providers that are asked for, by their ids.

        Raises :class:`ConfigurationError` for what cannot be, and where the library for it is missing.
        """
        if not self.web.social_sign_in.enabled:
            return {}
        for id, social in self.web.social.items():
            social.check(id)
        wanted = {id: social for id, social in self.web.social.items() if social.is_wanted}
        if wanted and not self.remote and not SOCIAL.is_installed():
            raise ConfigurationError(f"web.social.{next(iter(wanted))}: {SOCIAL.advice}")
        return wanted

    @property
    def _logo(self) -> str | None:
        """The address of the logo of the pages, for who is on no page."""
        logo = self.web.look.logo
        return logo if logo is None or not logo.startswith("/") else self._site + logo

    @property
    def _is_nowhere(self) -> bool:
        """Whether nothing says where browsers reach this site."""
        return self.web.base_url is None and "base_url" not in self.model_fields_set and SERVED_AT not in os.environ

    @property
    def _site(self) -> str:
        """Where browsers reach this site."""
        if self.web.base_url is not None:
            return self.web.base_url
        served_at = None
        if "base_url" not in self.model_fields_set:
            served_at = os.environ.get(SERVED_AT) or instance.noted_address(self.instance)
        base = urlsplit(self.base_url)
        return served_at or f"{base.scheme}://{base.netloc}"

    def _events(self) -> Events:
        return Events(pair for listener in self.listeners for pair in heard(listener))

    @property
    def address(self) -> str:
        """The directory, for people: without its password and query."""
        return re.sub(r"://([^:/@]*):.*@", r"://\1:***@", self.directory.partition("?")[0])

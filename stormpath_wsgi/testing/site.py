"""A site under test: its directory for one test, and people who are signed in."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any, ClassVar, NamedTuple, Self
from weakref import WeakKeyDictionary

from pwdlib.hashers.argon2 import Argon2Hasher
from werkzeug.test import Client as WerkzeugClient
from werkzeug.test import create_environ

from stormpath_wsgi.client import Account, Application, Client, Group
from stormpath_wsgi.client.local import LocalDataStore
from stormpath_wsgi.cookie import Cookie
from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.directory.crypto.passwords import Passwords
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.middleware import StormpathMiddleware, middleware_of, reachable
from stormpath_wsgi.policy import Policy
from stormpath_wsgi.session import CurrentSession
from stormpath_wsgi.testing import clients
from stormpath_wsgi.testing.clock import Clock
from stormpath_wsgi.testing.mailbox import Mailbox
from stormpath_wsgi.testing.memory import Memory, Shortcuts
from stormpath_wsgi.testing.people import FactorName, Facts, People, Person, unheard
from stormpath_wsgi.users import group_key

#: Hashes passwords with the lowest costs there are: for tests, and never for people.
HASHER = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)

#: As many as like may wait for a hash: it does not take long.
_WAITING = 1000

#: The settings of a site under test: its directory is in memory, and no password takes long to hash.
SETTINGS: Mapping[str, Any] = {"directory": "sqlite://", "password_hasher": HASHER}
#: The same as variables of the environment.
ENVIRON: Mapping[str, str] = {
    "STORMPATH_DIRECTORY": "sqlite://",
    "STORMPATH_PASSWORDHASHER": "stormpath_wsgi.testing:HASHER",
}

_IN_MEMORY = (
    "a test would change its accounts. Give it a directory in memory, with the keyword directory='sqlite://' or, "
    "before the site is imported, the environment variable STORMPATH_DIRECTORY=sqlite://."
)


class _SignedIn(NamedTuple):
    person: Facts
    cookies: tuple[tuple[str, str], ...]


class TestSite:
    """The site of *app*, an application that :class:`~stormpath_wsgi.StormpathMiddleware` is around, or within.

    For one test it is entered: ``with TestSite(app) as site``. At the end the directory is brought back to what it was.
    Until then no mail leaves the process (:attr:`mailbox`), no password takes long to hash, and the clock may be moved
    (:attr:`clock`).

    *new_client*: makes the client that :meth:`login_as` answers. None: Flask's, Django's, or Werkzeug's for any other
    application.

    Raises :class:`~stormpath_wsgi.ConfigurationError` when there is no middleware, and when the directory is not in
    memory: a test never touches accounts that somebody needs.
    """

    __test__ = False  # pytest takes each class that is called so for one with tests

    #: What all tests of a site share.
    _kept: ClassVar[WeakKeyDictionary[StormpathMiddleware, Shortcuts]] = WeakKeyDictionary()

    def __init__(self, app: Any, *, new_client: Callable[[], Any] | None = None) -> None:
        self._app = app
        self.middleware: StormpathMiddleware = _middleware(app)
        self._service = _service(self.middleware)
        self._context = self._service._context
        self._new_client = new_client
        #: The client of the directory.
        self.client: Client = self.middleware.client
        #: The application that people sign in to.
        self.application: Application = self.middleware.application
        #: What the site would have sent.
        self.mailbox = Mailbox()
        #: The time that the site goes by.
        self.clock = Clock(self.middleware, self._do_what_is_due)
        #: The names of the groups that the setting ``protect`` asks for.
        self.known_groups = frozenset(_groups_of(self.middleware.settings.protect))
        self._people = People(self.client, self.application, self.mailbox, self.clock.seconds, self.known_groups)
        self._entered = ExitStack()

    def __enter__(self) -> Self:
        self._shortcuts = self._kept.setdefault(self.middleware, Shortcuts(Memory(self.database)))
        self._shortcuts.begin()
        self._entered.callback(self._shortcuts.begin_anew)
        self._entered.callback(self.clock.reset)
        self._entered.enter_context(self._at_hand())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._entered.close()

    @property
    def database(self) -> Database:
        """What the directory is in."""
        return self._context.database

    def person(
        self,
        name: str,
        *,
        groups: Sequence[str | Group] = (),
        factor: FactorName | None = None,
        **attributes: Any,
    ) -> Person:
        """Somebody with a new account, who has :data:`PASSWORD` as the password.

        *name*: the username, or an e-mail address. *groups*: in which she is; those that are not there are made.
        *factor*: a second one that she has proved already, ``totp`` for an authenticator app, or ``sms``. *attributes*:
        of the account, such as ``given_name``, ``status``, ``custom_data`` or a ``password``.

        No event is told, no mail is written: she was there before. Raises LookupError for a group whose name is nearly
        that of another, TypeError for an unknown attribute, and :class:`~stormpath_wsgi.Error` for what the directory
        refuses, such as a name that is taken.
        """
        _check_groups(groups)
        what = ("person", name, _named(groups), factor, repr(sorted(attributes.items())), self.clock.offset)
        facts = self._shortcuts.made(what, lambda: self._people.make(name, groups, factor, attributes))
        return Person(self.client, name, facts, self.clock.seconds)

    def group(self, name: str) -> Group:
        """The group of that name; a new one where there is none."""
        return self._people.group(name, exactly=True)

    def login_as(
        self,
        who: str | Person | Account,
        *,
        groups: Sequence[str | Group] = (),
        factor: FactorName | None = None,
        age: dt.timedelta | float | None = None,
        client: Any = None,
        **attributes: Any,
    ) -> Any:
        """A client in which somebody is signed in, by a session that the directory has and a cookie that is signed.

        *who*: a person or an account; or a name: of a person who is there already, or else is made, as :meth:`person`
        makes her of *groups*, *factor* and *attributes*; with a *factor* her session has proved that too. *age*: how
        long ago she signed in, in seconds or as a timedelta; she has used the site since. *client*: a client of
        WebTest, Werkzeug, Flask or Django, to sign her in there; None: a new one.

        The account of whoever is there already gets into *groups*. Raises TypeError for a client that is not known and
        for *attributes* of somebody who is there; else as :meth:`person`.
        """
        client = self.new_client() if client is None else client
        cookies = self.cookies_of(who, groups=groups, factor=factor, age=age, **attributes)
        clients.give(client, cookies, self.middleware)
        return client

    def cookies_of(
        self,
        who: str | Person | Account,
        *,
        groups: Sequence[str | Group] = (),
        factor: FactorName | None = None,
        age: dt.timedelta | float | None = None,
        **attributes: Any,
    ) -> dict[str, str]:
        """The same for a client that is not known here: the cookies that it has to send, by their names."""
        _check_groups(groups)
        since = dt.timedelta(seconds=age) if isinstance(age, int | float) else age
        name = who if isinstance(who, str) else who.href
        options = (_named(groups), factor, since, repr(sorted(attributes.items())), self.clock.offset)
        made = self._shortcuts.made(
            ("signed in", name, *options), lambda: self._sign_in(who, groups, factor, since, attributes)
        )
        return dict(made.cookies)

    def new_client(self) -> Any:
        """A client in which nobody is signed in."""
        if self._new_client is not None:
            return self._new_client()
        if hasattr(self._app, "test_client"):
            return self._app.test_client()
        if any(type(each).__module__ == "django.core.handlers.wsgi" for each in reachable(self._app)):
            return clients.new_django_client(self.middleware)
        return WerkzeugClient(self._app)

    def _sign_in(
        self,
        who: str | Person | Account,
        groups: Sequence[str | Group],
        factor: FactorName | None,
        since: dt.timedelta | None,
        attributes: Mapping[str, Any],
    ) -> _SignedIn:
        account = self._people.find(who) if isinstance(who, str) else self.client.accounts.get(who.href)
        if account is None:
            facts = self._people.make(str(who), groups, factor, attributes)
            account = self.client.accounts.get(facts.href)
        elif attributes or factor:
            raise TypeError(f"{who} is there already, so no attribute and no factor can be given.")
        else:
            self._people.join(account, groups)
        session = self.middleware.sessions.open(create_environ())
        with unheard():
            session.sign_in(account, factor=session.now if factor else None)
        return _SignedIn(Facts(account.href, None, ""), tuple(self._cookies(session, since).items()))

    def _cookies(self, session: CurrentSession, since: dt.timedelta | None) -> dict[str, str]:
        """Those that the answer to *session* would set: for requests over http and over https alike."""
        settings, begun = self.middleware.settings.session, session.session
        cookies = dict(_set_cookies(session))
        names = [Cookie.of_session(settings, https=https).name for https in (False, True)]
        text = cookies[names[0]]
        if since is not None and begun is not None:
            started = begun.started - int(since.total_seconds())
            text = self.middleware.sessions.renewed_text(begun._replace(started=started))
        return {**cookies, **dict.fromkeys(names, text)}

    def _do_what_is_due(self) -> None:
        """Send mails that wait, and delete accounts whose time is over, as the thread of a site that serves does."""
        self._service._delivery._round()
        self._service._delivery._delete_due()

    @contextmanager
    def _at_hand(self) -> Iterator[None]:
        """The directory sends to the mailbox, at once and in no other thread, and hashes cheaply."""
        context = self._context
        self._service._delivery._looked_in = os.getpid()  # else the first request would start the thread
        before = context.mail, context.send_sms, context.deliver, context.passwords
        context.mail = replace(context.mail, mailer=self.mailbox)
        context.send_sms = self.mailbox.take_text
        context.deliver = self._do_what_is_due
        context.passwords = Passwords(HASHER, waiting=_WAITING)
        try:
            yield
        finally:
            context.mail, context.send_sms, context.deliver, context.passwords = before


def _middleware(app: Any) -> StormpathMiddleware:
    found = middleware_of(app)
    if found is None:
        raise ConfigurationError(
            f"There is no StormpathMiddleware around {app!r}, and none within: give what a server gets."
        )
    return found


def _service(middleware: StormpathMiddleware) -> DirectoryService:
    settings, store = middleware.settings, middleware.client.data_store
    if not isinstance(store, LocalDataStore):
        raise ConfigurationError(f"The directory of this site is behind {settings.address}: {_IN_MEMORY}")
    service = store._service
    database = service._context.database
    if not database.embedded or database.path is not None:
        raise ConfigurationError(f"The directory of this site is {settings.address}: {_IN_MEMORY}")
    return service


def _groups_of(protect: Mapping[str, Any]) -> Iterator[str]:
    """The names of the groups that policies ask for."""
    for value in protect.values():
        policy = value["policy"] if isinstance(value, Mapping) else value
        if isinstance(policy, Policy):
            yield from policy.groups
        elif isinstance(policy, list | tuple):
            yield from map(group_key, policy)


def _check_groups(groups: object) -> None:
    if isinstance(groups, str | Group):
        raise TypeError("groups is a list: write groups=[…].")


def _named(groups: Sequence[str | Group]) -> tuple[str, ...]:
    return tuple(group if isinstance(group, str) else group.href for group in groups)


def _set_cookies(session: CurrentSession) -> Iterator[tuple[str, str]]:
    for header, value in session.headers():
        if header == "Set-Cookie":
            name, _, text = value.partition(";")[0].partition("=")
            if text:
                yield name, text

"""A site as a stranger meets it, and as somebody who is signed in does: what the checks have in common.

Each thing is asked once and remembered, so that a whole run takes few requests.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from stormpath_wsgi.doctor.browser import Browser, Form
from stormpath_wsgi.doctor.connection import Answer, Connection, TooSlow
from stormpath_wsgi.errors import Unavailable
from stormpath_wsgi.settings import Settings

#: Requests of one run, and seconds that it may take.
MOST_REQUESTS, LONGEST = 250, 180.0
#: A site that belongs to nobody (RFC 2606), in whose name the checks attack.
STRANGER = "attacker.example"
#: A password that nobody has.
WRONG = "Wrong-Horse-Doctor-7"
#: Guarded addresses that are looked at, at the most.
MOST_GUARDED = 5

_HELD_UP = (429, 503)
_TOKEN = re.compile(r"[A-Za-z0-9_.=-]{20,}")
#: The addresses that :attr:`Site.nobody` makes up, as pages and addresses repeat them.
_NOBODY = re.compile(r"doctor-[0-9a-f]{16}(?:@|%40|&#64;|&#x40;)example\.com")


class Skip(Exception):
    """A check cannot be made here; the text says why."""


class Account(NamedTuple):
    """An account to sign in with."""

    login: str
    password: str


@dataclass(frozen=True)
class Places:
    """Where the pages of a site are: paths. *guarded*: paths that strangers may not see."""

    login: str
    logout: str
    register: str
    forgot: str
    change: str
    account: str
    me: str
    guarded: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings | None = None) -> Places:
        """Where they are by these *settings*; None: by the defaults."""
        web = (settings or Settings()).web
        protect = [] if settings is None else [path for path in settings.protect if "<" not in path]
        database = "" if settings is None else settings.directory.rpartition("/")[2]
        return cls(
            login=web.at(web.login.uri),
            logout=web.at(web.logout.uri),
            register=web.at(web.register_.uri),
            forgot=web.at(web.forgot_password.uri),
            change=web.at(web.change_password.uri),
            account=web.at(web.account.uri),
            me=web.at(web.me.uri),
            guarded=(web.at(web.account.uri), *protect[:MOST_GUARDED]),
            files=(f"/{database}",) if re.fullmatch(r"[\w-]+\.(db|sqlite3?)", database) else (),
        )


class Site:
    """What the checks ask. *account*: to sign in with. *is_own*: whether it was made for this run. *outbox*: a folder
    into which the site writes its mails; None: they go elsewhere.

    *clock*: seconds, for the time that a run takes. *now*: seconds since 1970.
    """

    def __init__(
        self,
        connection: Connection,
        places: Places,
        account: Account | None = None,
        *,
        is_own: bool = False,
        outbox: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.connection, self.places, self.account, self.is_own = connection, places, account, is_own
        self.now, self.outbox = now, outbox
        self.asked = 0
        #: Addresses with which accounts were made on the page: to be removed.
        self.registered: list[str] = []
        self._clock, self._end = clock, clock() + LONGEST
        self._signed_in: list[Browser] = []

    def browser(self) -> Browser:
        """A new visitor, without cookies."""
        return Browser(self.connection, self._allow)

    def address(self, path: str) -> str:
        """The whole address of *path*."""
        return f"{self.connection.origin}{path}"

    def leads_away(self, location: str) -> bool:
        """Whether a browser that is sent to *location* leaves this site.

        Browsers drop tabs and line breaks, and read a backslash as a slash and many slashes in front as two (WHATWG
        URL, "basic URL parser").
        """
        text = re.sub(r"^/{2,}", "//", re.sub(r"[\t\r\n]", "", location.strip()).replace("\\", "/"))
        target = urlsplit(urljoin(f"{self.connection.origin}/", text))
        here = urlsplit(self.connection.origin)
        return bool(text) and (target.scheme, target.netloc) != (here.scheme, here.netloc)

    @property
    def is_https(self) -> bool:
        """Whether browsers reach it by https."""
        return self.connection.origin.startswith("https:")

    @cached_property
    def login(self) -> Answer:
        """The sign-in page as a stranger sees it. Raises :class:`Skip` where there is none."""
        answer = self.browser().get(self.places.login)
        if answer.status == 404:
            raise Skip(f"there is no page at {self.places.login}")
        return answer

    def form(self, browser: Browser, path: str, name: str) -> Form:
        """The form at *path* with the field *name*. Raises :class:`Skip` where there is none."""
        found = browser.form(path, name)
        if found is None:
            raise Skip(f"the page at {path} has no form with a field {name}")
        return found

    def submit(self, path: str, fields: Mapping[str, str], browser: Browser | None = None, **headers: str) -> Answer:
        """The answer to the form at *path*, filled in with *fields*. Raises :class:`Skip`."""
        browser = browser or self.browser()
        form = self.form(browser, path, next(iter(fields)))
        return browser.post(form.action, {**form.fields, **fields}, **headers)

    def try_login(self, login: str, password: str = WRONG) -> Answer:
        """The answer to a sign-in by somebody who has no cookies."""
        return self.submit(self.places.login, {"login": login, "password": password})

    @cached_property
    def signed_in(self) -> tuple[Browser, Answer]:
        """Somebody who has signed in, and the answer to that. Raises :class:`Skip` where it does not work."""
        return self.sign_in()

    def sign_in(self, browser: Browser | None = None, query: str = "") -> tuple[Browser, Answer]:
        """Signs in once more. Raises :class:`Skip` where it does not work."""
        if self.account is None:
            raise Skip("it needs an account")
        browser = browser or self.browser()
        login, password = self.account
        answer = self.submit(self.places.login + query, {"login": login, "password": password}, browser)
        if not 300 <= answer.status < 400 or not any(not cookie.is_removal for cookie in answer.cookies):
            raise Skip(f"{login} cannot sign in with a password alone (the answer has status {answer.status})")
        self._signed_in.append(browser)
        return browser, answer

    def sign_out(self, browser: Browser) -> Answer:
        """Signs out whoever is signed in in *browser*, as a button of the site does."""
        return browser.post(self.places.logout, {}, Origin=self.connection.origin, Sec_Fetch_Site="same-origin")

    @cached_property
    def private(self) -> list[Answer]:
        """The guarded pages as somebody sees them who is signed in."""
        browser, _ = self.signed_in
        answers = [browser.get(path) for path in self.places.guarded]
        return [answer for answer in answers if answer.status == 200]

    @property
    def nobody(self) -> str:
        """An address that no account has, another one each time."""
        return f"doctor-{secrets.token_hex(8)}@example.com"

    def samples(self, ask: Callable[[str], Answer], count: int) -> tuple[list[Answer], list[Answer]]:
        """The answers to *ask* for the account and for names that nobody has, in turn, *count* times.

        They end early where the site holds us up: its limits hold for us too.
        """
        if self.account is None:
            raise Skip("it needs an account")
        known, unknown = list[Answer](), list[Answer]()
        for number in range(count):
            # Who is asked for first changes: what warms up, or is slow for a moment, then touches both alike.
            pair = [(known, self.account.login), (unknown, self.nobody)]
            for answers, login in pair if number % 2 else reversed(pair):
                answer = ask(login)
                if answer.status in _HELD_UP:
                    return known, unknown
                answers.append(answer)
        return known, unknown

    @cached_property
    def sign_ins(self) -> tuple[list[Answer], list[Answer]]:
        """Wrong passwords, of the account and of nobody. A right one in between forgives the account's own tries."""
        first = self.samples(self.try_login, 4)
        self.sign_in()
        second = self.samples(self.try_login, 4)
        return first[0] + second[0], first[1] + second[1]

    @cached_property
    def forgotten(self) -> tuple[list[Answer], list[Answer]]:
        """Mails for a new password, asked for by the account and by nobody."""
        return self.samples(lambda email: self.submit(self.places.forgot, {"email": email}), 4)

    @cached_property
    def registrations(self) -> tuple[Answer, Answer]:
        """The answers to a registration with the address of the account, and with one that nobody has."""
        if self.account is None:
            raise Skip("it needs an account")
        return self.register(self.account.login), self.register(self.nobody)

    def register(self, email: str) -> Answer:
        """Registers with *email* and fills every field. An account that it makes is noted, to be removed."""
        browser = self.browser()
        form = self.form(browser, self.places.register, "email")
        password = f"Aa1-{secrets.token_urlsafe(12)}"
        filled = {name: value or "Doctor" for name, value in form.fields.items()}
        filled |= {name: password for name in filled if "password" in name.lower()}
        self.registered.append(email)
        return browser.post(form.action, {**filled, "email": email})

    def close(self) -> None:
        """Signs out everybody who was signed in."""
        for browser in self._signed_in:
            with suppress(Unavailable, TooSlow, Skip):
                self.sign_out(browser)

    def _allow(self) -> None:
        self.asked += 1
        if self.asked > MOST_REQUESTS:
            raise Skip(f"the site was asked {MOST_REQUESTS} times already")
        if self._clock() > self._end:
            raise Skip(f"the {LONGEST:.0f} seconds of a run are over")


def same(first: Answer, second: Answer, logins: Sequence[str] = ()) -> bool:
    """Whether two answers say the same: status, names of headers, and text, but for what differs each time.

    That are tokens, made-up addresses, and *logins*, which were sent.
    """
    return list(_told(first, logins)) == list(_told(second, logins))


def _told(answer: Answer, logins: Sequence[str]) -> Iterator[object]:
    yield answer.status
    yield sorted({name.lower() for name, _ in answer.headers} - {"content-length", "date"})
    for text in (answer.header("Location"), answer.body):
        for login in logins:
            text = re.sub(re.escape(login).replace("@", "(?:@|%40|&#64;|&#x40;)"), "·", text)
        yield _TOKEN.sub("·", _NOBODY.sub("·", text))

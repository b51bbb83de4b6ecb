"""Sessions: what a cookie proves, how long, and what ends it."""

from __future__ import annotations

import datetime as dt
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import example
from hypothesis import given as for_all
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from support import prepared
from support.cheap import HASHER, WAITING
from support.visitors import COOKIE, HOST_COOKIE, KEYS, PASSWORD, given, request, set_cookie
from werkzeug.sansio.http import parse_cookie

from stormpath_wsgi.client import Account, Application, Client, DataStore, Directory
from stormpath_wsgi.client.local import LocalDataStore
from stormpath_wsgi.codes import Code
from stormpath_wsgi.cookie import MOST_TRIED, WAIVED, Cookie, Session, SessionSigner, Stay
from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.directory.crypto.passwords import Passwords
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.storage.migrate import prepare
from stormpath_wsgi.errors import Error, Unavailable, fault
from stormpath_wsgi.events import Origin, SessionEnded
from stormpath_wsgi.session import LONGEST_HEADER, MOST_HEADERS, CurrentSession, Sessions
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.signing import PurposeSigner
from stormpath_wsgi.slots import ANY

HOUR, DAY = 3600, 86400


@dataclass
class Clock:
    """Seconds since the epoch, as the test says."""

    now: float = 1_800_000_000.0
    #: Seconds that go by until it is read again.
    step: float = 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


class Line:
    """The way to a data store: counts what goes over it, and can be cut."""

    def __init__(self, store: DataStore) -> None:
        self.store, self.base_url = store, store.base_url
        self.asked: list[str] = []
        self.failure: Error | None = None
        self.settled = True

    def get(self, href: str, expand: str | None = None) -> dict[str, Any]:
        self._pass(f"get {href}")
        return self.store.get(href, expand)

    def recall(self, href: str, expand: str | None = None) -> dict[str, Any]:
        return self.get(href, expand)

    def list(self, href: str, query: Mapping[str, str] | None = None, expand: str | None = None) -> dict[str, Any]:
        self._pass(f"list {href}")
        return self.store.list(href, query, expand)

    def create(
        self, href: str, properties: Mapping[str, Any], params: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        self._pass(f"create {href}")
        return self.store.create(href, properties, params)

    def update(self, href: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        self._pass(f"update {href}")
        return self.store.update(href, properties)

    def delete(self, href: str, about: str | None = None) -> None:
        self._pass(f"delete {href}")
        self.store.delete(href, about)

    def generation(self, slot: int = ANY, /) -> int:
        return self.store.generation(slot) if self.settled else -1 - len(self.asked)

    def close(self) -> None:
        self.store.close()

    def _pass(self, question: str) -> None:
        self.asked.append(question)
        if self.failure:
            raise self.failure


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def line(clock: Clock) -> Iterator[Line]:
    """The way to a directory that lives by the same clock, and does not take its time for passwords."""
    with prepared.set_up():
        database = Database("sqlite://")
        prepare(database)
    quick = Passwords(HASHER, waiting=WAITING)
    service = DirectoryService(database, "https://localhost/v1", passwords=quick, clock=clock)
    service.bootstrap()
    yield Line(LocalDataStore(service))
    service.close()


@pytest.fixture
def client(line: Line) -> Client:
    return Client(data_store=line)


@pytest.fixture
def application(client: Client) -> Application:
    return client.applications[0]


@pytest.fixture
def directory(application: Application) -> Directory:
    mapping = application.default_account_store_mapping
    assert mapping and isinstance(mapping.account_store, Directory)
    return mapping.account_store


@pytest.fixture
def ada(directory: Directory) -> Account:
    return directory.accounts.create({"username": "ada", "email": "ada@example.org", "password": PASSWORD})


@pytest.fixture
def bob(directory: Directory) -> Account:
    return directory.accounts.create({"username": "bob", "email": "bob@example.org", "password": PASSWORD})


@pytest.fixture(scope="module")
def nobodys() -> Iterator[Sessions]:
    """Sessions of an application in which nobody can sign in."""
    with Client("sqlite://") as client:
        yield Sessions(client, client.applications[0], Settings(secret_keys=KEYS))


Open = Callable[..., Sessions]


@pytest.fixture
def open_sessions(client: Client, application: Application, clock: Clock) -> Open:
    """Makes the sessions of one more worker."""

    def make(secret_keys: list[str] = KEYS, **settings: Any) -> Sessions:
        return Sessions(client, application, Settings(secret_keys=secret_keys, **settings), now=clock)

    return make


@pytest.fixture
def sessions(open_sessions: Open) -> Sessions:
    return open_sessions()


@pytest.fixture
def cookie(sessions: Sessions, ada: Account) -> str:
    """What Ada's browser sends."""
    return sign_in(sessions, ada)


def sign_in(sessions: Sessions, account: Account, before: str | None = None, *, https: bool = False) -> str:
    session = visit(sessions, before, https=https)
    session.sign_in(account)
    return given(session)


def visit(sessions: Sessions, cookie: str | None = None, *, https: bool = False) -> CurrentSession:
    return sessions.open(request(cookie, https=https))


def who(sessions: Sessions, cookie: str | None = None, *, https: bool = False) -> str | None:
    return visit(sessions, cookie, https=https).user.username


class TestTheCookie:
    def test_signs_its_browser_in(self, sessions: Sessions, cookie: str) -> None:
        assert who(sessions, cookie) == "ada"

    def test_counts_in_every_worker(self, open_sessions: Open, cookie: str) -> None:
        assert who(open_sessions(), cookie) == "ada"

    def test_is_found_among_others(self, sessions: Sessions, cookie: str) -> None:
        assert who(sessions, f"a=b; {cookie}; c=d") == "ada"
        assert who(sessions, f"a=b;{cookie};c=d") == "ada"

    def test_is_not_found_inside_of_others(self, sessions: Sessions, cookie: str) -> None:
        for header in (f"x{cookie}", f"a={cookie}", f"a=b, {cookie}", f"{COOKIE}={cookie}", f'a="b; {cookie}"'):
            assert who(sessions, header) is None

    @pytest.mark.parametrize("written", ["{} = {}", "{}\t=\t{}\t", '{}="{}"', ';; {}={} ;a="b;c"', '{} = "{}" ; x'])
    def test_is_found_in_every_way_to_write_it(self, sessions: Sessions, cookie: str, written: str) -> None:
        assert who(sessions, "a=b;" + written.format(*cookie.split("="))) == "ada"

    def test_given_twice_is_the_first_that_is_good(self, sessions: Sessions, cookie: str, bob: Account) -> None:
        """A browser sends the one with the longest path first; whichever it is, one request is one person's."""
        other = sign_in(sessions, bob)
        assert who(sessions, f"{cookie}; {other}") == "ada"
        assert who(sessions, f"{COOKIE}=forged; {COOKIE}=; {cookie}") == "ada"
        visit(sessions, other).sign_out()
        assert who(sessions, f"{other}; {cookie}") == "ada"

    def test_that_is_bad_beside_a_good_one_is_left_alone(
        self, sessions: Sessions, cookie: str, clock: Clock, ada: Account
    ) -> None:
        clock.now += DAY
        current = sign_in(sessions, ada)
        assert visit(sessions, f"{cookie}; {current}").headers() == []

    def test_is_looked_for_three_times(self, sessions: Sessions, cookie: str) -> None:
        """However many a neighbour has planted, to look at them is little work."""
        forged = [f"{COOKIE}=forged"] * MOST_TRIED
        assert who(sessions, "; ".join([*forged[1:], cookie])) == "ada"
        assert who(sessions, "; ".join([*forged, cookie])) is None

    def test_given_twice_signs_out_twice(self, sessions: Sessions, cookie: str, bob: Account) -> None:
        """Or the other one would sign this browser in again, at once."""
        other = sign_in(sessions, bob)
        visit(sessions, f"{cookie}; {other}").sign_out()
        assert who(sessions, cookie) is who(sessions, other) is None

    def test_given_twice_ends_twice_when_somebody_signs_in(
        self, sessions: Sessions, cookie: str, bob: Account, ada: Account
    ) -> None:
        other = sign_in(sessions, bob)
        current = sign_in(sessions, ada, before=f"{cookie}; {other}")
        assert who(sessions, f"{cookie}; {other}; {current}") == "ada"
        assert who(sessions, cookie) is who(sessions, other) is None

    def test_has_the_same_size_for_everybody(self, sessions: Sessions, directory: Directory, cookie: str) -> None:
        verbose = directory.accounts.create(
            {"username": "w" * 255, "email": f"{'x' * 200}@example.org", "given_name": "y" * 255, "password": PASSWORD}
        )
        assert len(sign_in(sessions, verbose)) == len(cookie) < 512

    def test_holds_two_ids_two_times_and_a_signature(self, cookie: str, ada: Account, clock: Clock) -> None:
        """And nothing that could be read, or grow: no name, no groups, no rights."""
        now = f"{int(clock.now):08x}"
        session, account, *times, _signature = cookie.removeprefix(f"{COOKIE}=").split(".")
        assert [session] == [token.href.rpartition("/")[2] for token in ada.refresh_tokens]
        assert (account, times) == (ada.href.rpartition("/")[2], [now, now])

    def test_is_kept_from_scripts_and_from_other_sites(self, sessions: Sessions, ada: Account) -> None:
        session = visit(sessions)
        session.sign_in(ada)
        attributes = set(set_cookie(session).split("; ")[1:])
        assert attributes >= {"HttpOnly", "SameSite=Lax", "Path=/", f"Max-Age={DAY}"}
        assert not any(attribute.startswith(("Secure", "Domain")) for attribute in attributes)

    def test_over_https_is_secure_and_bound_to_the_host(self, sessions: Sessions, ada: Account) -> None:
        session = visit(sessions, https=True)
        session.sign_in(ada)
        assert set_cookie(session).startswith(f"{HOST_COOKIE}=")
        assert "Secure" in set_cookie(session).split("; ")
        assert who(sessions, given(session), https=True) == "ada"

    def test_that_anybody_on_the_wire_could_plant_does_not_count_over_https(
        self, sessions: Sessions, cookie: str
    ) -> None:
        assert who(sessions, cookie, https=True) is None

    def test_is_secure_when_the_settings_say_so(self, open_sessions: Open, ada: Account) -> None:
        """For a server behind a proxy that does not tell that the browser came by https."""
        sessions = open_sessions(session={"cookie_secure": True})
        cookie = sign_in(sessions, ada)
        assert cookie.startswith(HOST_COOKIE)
        assert who(sessions, cookie) == "ada"

    def test_of_a_domain_has_no_prefix_because_browsers_would_refuse_it(
        self, open_sessions: Open, ada: Account
    ) -> None:
        session = visit(open_sessions(session={"cookie_domain": "example.org"}), https=True)
        session.sign_in(ada)
        assert set_cookie(session).startswith(f"{COOKIE}=")
        assert "Domain=example.org" in set_cookie(session).split("; ")

    def test_of_a_domain_is_taken_away_with_the_one_from_before_there_was_a_domain(
        self, open_sessions: Open, cookie: str
    ) -> None:
        session = visit(open_sessions(session={"cookie_domain": "example.org"}), cookie)
        session.sign_out()
        removed = [set(value.split("; ")) for _, value in session.headers()]
        assert [{f"{COOKIE}=", "Max-Age=0"} <= each for each in removed] == [True, True]
        assert ["Domain=example.org" in each for each in removed] == [True, False]


@hypothesis_settings(deadline=None)
@for_all(
    st.lists(
        st.sampled_from(
            [f"{COOKIE}=a1.b2", COOKIE, "=", ";", "; ", " ", "\t", '"', '"c3"', "\\", '\\"', "\\141", "d-4", ",", "x=y",
             "\xe9", f"x{COOKIE}=no", "$Path=/"]
        )
    ).map("".join)
)  # fmt: skip
@example(f'a="x; {COOKIE}=a1"; {COOKIE}="b2"')
def test_cookies_are_read_as_werkzeug_reads_them(header: str) -> None:
    cookie = Cookie(COOKIE, secure=False)
    ours = [text for text in cookie.texts(header) if re.fullmatch(r"[\w.-]+", text, re.ASCII)]
    theirs = [text for text in parse_cookie(header).getlist(COOKIE) if re.fullmatch(r"[\w.-]+", text, re.ASCII)]
    assert ours == theirs[: len(ours)]
    assert len(ours) == len(theirs) or len(cookie.texts(header)) == MOST_TRIED


class TestAForgedCookie:
    def test_signs_nobody_in(self, sessions: Sessions, cookie: str) -> None:
        value = cookie.partition("=")[2]
        for index, character in enumerate(value):
            other = "0" if character != "0" else "1"
            assert who(sessions, f"{COOKIE}={value[:index]}{other}{value[index + 1 :]}") is None

    def test_cannot_be_another_spelling_of_a_good_one(self, sessions: Sessions, cookie: str) -> None:
        """One session is one text: what is remembered under it cannot be filled with copies."""
        value, _, signature = cookie.rpartition(".")
        for other in (signature.upper(), signature + "=", f'"{signature}"', f"%{ord(signature[0]):x}"):
            assert other == signature or who(sessions, f"{value}.{other}") is None

    def test_made_with_the_key_of_another_purpose_signs_nobody_in(
        self, sessions: Sessions, ada: Account, clock: Clock
    ) -> None:
        known = sessions.start(ada)
        value = known.text.rpartition(".")[0]
        for purpose in ("stormpath_wsgi session 2", "form", ""):
            forged = PurposeSigner(sessions.settings.secret_keys, purpose).sign(value).decode()
            assert who(sessions, f"{COOKIE}={forged}") is None

    def test_asks_no_directory_and_takes_no_room(self, sessions: Sessions, cookie: str, line: Line) -> None:
        line.asked.clear()
        for number in range(10):
            who(sessions, f"{cookie[:-1]}{number:x}"[:-1] + "g")
        assert line.asked == []
        assert len(sessions._known) == 1

    @hypothesis_settings(deadline=None)
    @for_all(header=st.text(st.characters(max_codepoint=255)) | st.from_regex(r"(stormpath_session=[0-9a-z.;= ]*;?)*"))
    def test_may_be_anything(self, nobodys: Sessions, header: str) -> None:
        assert who(nobodys, header) is None

    @hypothesis_settings(deadline=None)
    @for_all(value=st.text(st.characters(exclude_categories=[])))  # lone surrogates, too
    def test_text_of_any_kind_is_no_session(self, nobodys: Sessions, value: str) -> None:
        assert SessionSigner(nobodys.settings.secret_keys).read(value) is None

    def test_that_is_very_long_is_not_even_hashed(self, sessions: Sessions, cookie: str) -> None:
        assert who(sessions, f"{COOKIE}={'a' * 100_000}{cookie}") is None


class TestSecretKeys:
    def test_the_first_signs(self, open_sessions: Open, ada: Account) -> None:
        cookie = sign_in(open_sessions(), ada)
        assert who(open_sessions(KEYS[:1]), cookie) == "ada"
        assert who(open_sessions(KEYS[1:]), cookie) is None

    def test_all_verify(self, open_sessions: Open, ada: Account) -> None:
        """A new key goes in front, and nobody is signed out."""
        cookie = sign_in(open_sessions(KEYS[1:]), ada)
        assert who(open_sessions(KEYS), cookie) == "ada"

    def test_renewal_moves_a_session_to_the_first(self, open_sessions: Open, ada: Account, clock: Clock) -> None:
        cookie = sign_in(open_sessions(KEYS[1:]), ada)
        clock.now += DAY / 2
        renewed = given(visit(open_sessions(KEYS), cookie))
        assert who(open_sessions(KEYS[:1]), renewed) == "ada"


class TestSigningInWithAnOldPassword:
    """A login takes a while, and the password may be changed before the session begins."""

    def test_is_refused(self, sessions: Sessions, application: Application, ada: Account, client: Client) -> None:
        proved = application.authenticate_account("ada", PASSWORD).account
        ada.password = "Another-Horse-2"
        ada.save()
        with pytest.raises(Error) as caught:
            visit(sessions).sign_in(proved)
        assert (caught.value.status, caught.value.code) == (400, 7100)
        assert list(client.accounts.get(ada.href).refresh_tokens) == []

    def test_does_not_keep_out_who_has_changed_it(self, sessions: Sessions, ada: Account) -> None:
        ada.password = "Another-Horse-2"
        ada.save()
        assert who(sessions, sign_in(sessions, ada)) == "ada"


class TestTime:
    def test_unused_for_the_idle_time_a_session_ends(self, sessions: Sessions, cookie: str, clock: Clock) -> None:
        clock.now += DAY
        assert who(sessions, cookie) is None

    def test_it_ends_even_while_it_is_remembered(self, sessions: Sessions, cookie: str, clock: Clock) -> None:
        clock.now += DAY - 1
        assert who(sessions, cookie) == "ada"
        clock.now += 1
        assert who(sessions, cookie) is None

    def test_used_again_and_again_it_lasts_until_the_absolute_limit(
        self, sessions: Sessions, cookie: str, clock: Clock
    ) -> None:
        start = clock.now
        while clock.now < start + 30 * DAY:
            session = visit(sessions, cookie)
            assert session.user.username == "ada"
            cookie = given(session) if session.headers() else cookie
            clock.now += DAY / 2
        assert who(sessions, cookie) is None

    def test_a_browser_keeps_the_cookie_no_longer_than_the_session_can_last(
        self, sessions: Sessions, cookie: str, clock: Clock
    ) -> None:
        for _ in range(59):
            clock.now += DAY / 2
            session = visit(sessions, cookie)
            cookie = given(session)
        assert f"Max-Age={DAY // 2}" in set_cookie(session).split("; ")

    def test_a_cookie_lasts_as_long_when_a_second_goes_by_while_it_is_made(
        self, open_sessions: Open, ada: Account, clock: Clock
    ) -> None:
        session = visit(open_sessions(session={"idle": "1d", "absolute": "1d"}))
        clock.step = 1.0
        session.sign_in(ada)
        assert f"Max-Age={DAY}" in set_cookie(session).split("; ")

    def test_renewal_is_due_once_in_a_tenth_of_the_idle_time(
        self, sessions: Sessions, cookie: str, clock: Clock
    ) -> None:
        clock.now += DAY / 10 - 1
        assert visit(sessions, cookie).headers() == []
        clock.now += 1
        renewed = given(visit(sessions, cookie))
        assert visit(sessions, renewed).headers() == []
        assert who(sessions, renewed) == "ada"

    def test_what_comes_in_the_same_second_gets_the_same_cookie(
        self, sessions: Sessions, cookie: str, clock: Clock
    ) -> None:
        """As the pictures of a page do. Over https it is another cookie, also with one text."""
        clock.now += 5 * HOUR
        text = cookie.partition("=")[2]
        first = [given(visit(sessions, cookie)), given(visit(sessions, cookie))]
        assert first[0] == first[1] != cookie
        secure = given(visit(sessions, f"__Host-{COOKIE}={text}", https=True))
        assert secure == f"__Host-{first[0]}"
        clock.now += 1
        assert given(visit(sessions, cookie)) != first[0]

    def test_renewal_writes_nothing(self, sessions: Sessions, cookie: str, clock: Clock, line: Line) -> None:
        clock.now += DAY / 2
        line.asked.clear()
        visit(sessions, cookie)
        assert [question.split()[0] for question in line.asked] == ["get"]

    def test_an_ended_session_takes_its_cookie_away(self, sessions: Sessions, cookie: str, clock: Clock) -> None:
        clock.now += DAY
        assert set_cookie(visit(sessions, cookie)).startswith(f"{COOKIE}=; ")
        assert "Max-Age=0" in set_cookie(visit(sessions, cookie)).split("; ")

    def test_the_policy_of_the_application_caps_it(
        self, sessions: Sessions, application: Application, ada: Account, clock: Clock
    ) -> None:
        """The directory ends the refresh token, whatever the cookie says."""
        policy = application.o_auth_policy
        policy.refresh_token_ttl = dt.timedelta(hours=1)
        policy.save()
        cookie = sign_in(sessions, ada)
        clock.now += HOUR - 1
        assert who(sessions, cookie) == "ada"
        clock.now += 60  # seconds that a session may be remembered
        assert who(sessions, cookie) is None


class TestTheMemory:
    def test_a_request_asks_nothing_while_it_holds(self, sessions: Sessions, cookie: str, line: Line) -> None:
        line.asked.clear()
        assert [who(sessions, cookie) for _ in range(5)] == ["ada"] * 5
        assert line.asked == []

    def test_of_a_directory_elsewhere_a_strict_check_believes_nothing(
        self, open_sessions: Open, ada: Account, line: Line
    ) -> None:
        """Nobody tells us what others change there."""
        remote = {"directory": "https://id.example.org/v1", "session": {"check": "strict"}}
        sessions = open_sessions(**remote)
        cookie = sign_in(sessions, ada)
        line.asked.clear()
        assert [who(sessions, cookie) for _ in range(5)] == ["ada"] * 5
        assert len(line.asked) == 5, "one question for each request"

    def test_it_holds_for_the_time_of_the_settings(
        self, sessions: Sessions, cookie: str, line: Line, clock: Clock
    ) -> None:
        line.asked.clear()
        clock.now += 59
        who(sessions, cookie)
        assert len(line.asked) == 0
        clock.now += 1
        who(sessions, cookie)
        assert len(line.asked) == 1

    def test_a_clock_that_is_set_back_does_not_prolong_it(
        self, sessions: Sessions, cookie: str, line: Line, clock: Clock
    ) -> None:
        line.asked.clear()
        clock.now -= HOUR
        who(sessions, cookie)
        assert len(line.asked) == 1

    def test_any_change_ends_it(self, sessions: Sessions, cookie: str, ada: Account) -> None:
        ada.given_name = "Augusta"
        ada.save()
        assert visit(sessions, cookie).user.given_name == "Augusta"

    def test_nothing_is_believed_while_a_change_is_on_its_way(
        self, sessions: Sessions, cookie: str, line: Line
    ) -> None:
        line.settled = False
        line.asked.clear()
        who(sessions, cookie)
        who(sessions, cookie)
        assert len(line.asked) == 2

    def test_it_is_bounded(self, open_sessions: Open, ada: Account) -> None:
        sessions = open_sessions(cache_size=3)
        cookies = [sign_in(sessions, ada) for _ in range(10)]
        assert [who(sessions, cookie) for cookie in cookies] == ["ada"] * 10
        assert len(sessions._known) == 3

    def test_headers_are_remembered_within_bounds(self, open_sessions: Open, ada: Account) -> None:
        sessions = open_sessions(cache_size=3)
        cookie = sign_in(sessions, ada)
        for number in range(10):
            assert who(sessions, f"visit={number}; {cookie}") == "ada"
            assert who(sessions, f"visit={number}; {cookie}; long={'x' * 2000}") == "ada"
        plain, secure = sessions._by_header
        assert 0 < len(plain) <= 3 and not secure
        assert all(len(header) < 1000 for header in plain)

    def test_a_header_over_http_says_nothing_over_https(self, sessions: Sessions, cookie: str) -> None:
        """The cookie has another name there, which no other site can set."""
        for _ in range(2):
            assert who(sessions, cookie) == "ada"
            assert who(sessions, cookie, https=True) is None

    def test_forged_cookies_leave_nothing_behind(self, sessions: Sessions, cookie: str) -> None:
        held = len(sessions._known), len(sessions._over), *map(len, sessions._by_header)
        for number in range(5000):
            assert who(sessions, f"{cookie[:-8]}{number:08x}") is None
        assert (len(sessions._known), len(sessions._over), *map(len, sessions._by_header)) == held
        assert all(len(store) <= MOST_HEADERS for store in sessions._forged)

    def test_a_forged_cookie_is_known_again_and_stays_forged(self, sessions: Sessions, cookie: str) -> None:
        forged = f"{cookie[:-8]}00000000"
        for header in (forged, f"{forged}; long={'x' * LONGEST_HEADER}"):
            assert [who(sessions, header) for _ in range(3)] == [None] * 3
            assert who(sessions, f"{header}; {cookie}") == "ada"
        assert list(sessions._forged[False]) == [forged]

    def test_cookies_whose_time_is_over_take_the_place_of_no_others(
        self, open_sessions: Open, ada: Account, clock: Clock, line: Line
    ) -> None:
        sessions = open_sessions(cache_size=2)
        old = [sign_in(sessions, ada) for _ in range(5)]
        clock.now += 400 * 24 * HOUR
        young = sign_in(sessions, ada)
        assert who(sessions, young) == "ada"
        line.asked.clear()
        for _ in range(2):
            assert [who(sessions, cookie) for cookie in old] == [None] * 5
        assert who(sessions, young) == "ada"
        assert len(line.asked) == 0

    def test_ended_sessions_are_remembered_too(self, sessions: Sessions, cookie: str, line: Line, ada: Account) -> None:
        """A browser that goes on sending a dead cookie is no way to keep the directory busy."""
        ada.refresh_tokens[0].delete()
        line.asked.clear()
        assert [who(sessions, cookie) for _ in range(5)] == [None] * 5
        assert len(line.asked) == 1

    def test_without_any_memory_everything_works(self, open_sessions: Open, ada: Account) -> None:
        sessions = open_sessions(cache_size=0)
        assert who(sessions, sign_in(sessions, ada)) == "ada"

    @pytest.mark.parametrize("size", [0, 2, 100])
    def test_threads_may_share_it(self, open_sessions: Open, ada: Account, size: int) -> None:
        sessions = open_sessions(cache_size=size)
        cookies = [sign_in(sessions, ada) for _ in range(5)]
        seen: list[str | None] = []

        def work() -> None:
            seen.extend(who(sessions, cookie) for _ in range(20) for cookie in cookies)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == ["ada"] * 400


class TestWhatEndsASession:
    @pytest.fixture(params=["this worker", "another worker"])
    def elsewhere(
        self, request: pytest.FixtureRequest, sessions: Sessions, open_sessions: Open, cookie: str
    ) -> Sessions:
        """The worker that gets the next request; it has the session in its memory."""
        found = sessions if request.param == "this worker" else open_sessions()
        assert who(found, cookie) == "ada"
        return found

    def test_signing_out(self, sessions: Sessions, elsewhere: Sessions, cookie: str, ada: Account) -> None:
        visit(sessions, cookie).sign_out()
        assert who(elsewhere, cookie) is None
        assert len(ada.refresh_tokens) == 0

    def test_deleting_its_refresh_token(self, elsewhere: Sessions, cookie: str, ada: Account) -> None:
        ada.refresh_tokens[0].delete()
        assert who(elsewhere, cookie) is None

    def test_a_new_password(self, elsewhere: Sessions, cookie: str, ada: Account) -> None:
        ada.password = "Changed 4 good"
        ada.save()
        assert who(elsewhere, cookie) is None

    @pytest.mark.parametrize("status", ["DISABLED", "UNVERIFIED", "LOCKED"])
    def test_disabling_the_account(self, elsewhere: Sessions, cookie: str, ada: Account, status: str) -> None:
        ada.status = status
        ada.save()
        assert who(elsewhere, cookie) is None

    def test_deleting_the_account(self, elsewhere: Sessions, cookie: str, ada: Account) -> None:
        ada.delete()
        assert who(elsewhere, cookie) is None

    def test_disabling_the_application(self, elsewhere: Sessions, cookie: str, application: Application) -> None:
        application.status = "DISABLED"
        application.save()
        assert who(elsewhere, cookie) is None

    def test_taking_the_directory_from_the_application(
        self, elsewhere: Sessions, cookie: str, application: Application
    ) -> None:
        application.account_store_mappings[0].delete()
        assert who(elsewhere, cookie) is None

    def test_signing_in_again(self, sessions: Sessions, elsewhere: Sessions, cookie: str, bob: Account) -> None:
        """The next person at the same browser does not leave the first one's session behind."""
        other = sign_in(sessions, bob, before=cookie)
        assert who(elsewhere, cookie) is None
        assert who(elsewhere, other) == "bob"

    def test_not_a_sign_in_elsewhere(self, sessions: Sessions, elsewhere: Sessions, cookie: str, ada: Account) -> None:
        sign_in(sessions, ada)
        assert who(elsewhere, cookie) == "ada"
        assert len(ada.refresh_tokens) == 2


class TestSigningIn:
    def test_makes_a_new_session_each_time(self, sessions: Sessions, ada: Account) -> None:
        """Whoever knew the cookie before the sign-in knows nothing after it (session fixation)."""
        first = sign_in(sessions, ada)
        second = sign_in(sessions, ada, before=first)
        assert first != second
        assert who(sessions, first) is None

    def test_counts_at_once(self, sessions: Sessions, ada: Account) -> None:
        session = visit(sessions)
        assert not session.user.is_authenticated
        session.sign_in(ada)
        assert session.user.username == "ada"
        assert session.session is not None

    def test_that_is_refused_changes_nothing(self, sessions: Sessions, cookie: str, bob: Account) -> None:
        bob.status = "DISABLED"
        bob.save()
        session = visit(sessions, cookie)
        with pytest.raises(Error):
            session.sign_in(bob)
        assert session.user.username == "ada"
        assert session.headers() == []
        assert who(sessions, cookie) == "ada"

    def test_is_refused_for_an_account_of_no_mapped_store(self, sessions: Sessions, client: Client, line: Line) -> None:
        elsewhere = client.directories.create({"name": "Elsewhere"})
        with pytest.raises(Error):
            visit(sessions).sign_in(elsewhere.accounts.create({"email": "eve@example.org", "password": PASSWORD}))

    def test_and_out_makes_the_answer_vary(self, sessions: Sessions, ada: Account) -> None:
        session = visit(sessions)
        session.sign_in(ada)
        assert session.cookies

    def test_out_is_harmless_for_strangers(self, sessions: Sessions, line: Line) -> None:
        session = visit(sessions, f"{COOKIE}=forged")
        line.asked.clear()
        session.sign_out()
        assert line.asked == []
        assert "Max-Age=0" in set_cookie(session)

    def test_out_twice_is_harmless(self, sessions: Sessions, cookie: str) -> None:
        first, second = visit(sessions, cookie), visit(sessions, cookie)
        first.sign_out()
        second.sign_out()
        assert not second.user.is_authenticated


class TestADirectoryThatFails:
    @pytest.mark.parametrize(
        "failure",
        [Unavailable(), fault(Code.NOT_AUTHENTICATED), fault(Code.NOT_ALLOWED), Error({"status": 500, "code": 500})],
    )
    def test_makes_nobody_a_stranger(self, open_sessions: Open, cookie: str, line: Line, failure: Error) -> None:
        line.failure = failure
        with pytest.raises(Unavailable):
            visit(open_sessions(), cookie)

    def test_is_asked_again_by_the_next_request(self, open_sessions: Open, cookie: str, line: Line) -> None:
        sessions, line.failure = open_sessions(), Unavailable()
        with pytest.raises(Unavailable):
            visit(sessions, cookie)
        line.failure = None
        assert who(sessions, cookie) == "ada"

    def test_does_not_bother_strangers(self, sessions: Sessions, line: Line) -> None:
        line.failure = Unavailable()
        assert who(sessions) is None

    def test_signs_this_browser_out_and_says_that_the_session_may_live_on(
        self, sessions: Sessions, cookie: str, line: Line
    ) -> None:
        session = visit(sessions, cookie)
        line.failure = Unavailable()
        with pytest.raises(Unavailable):
            session.sign_out()
        assert session.lives_on
        assert not session.user.is_authenticated
        assert "Max-Age=0" in set_cookie(session)
        line.failure = None
        assert who(sessions, cookie) == "ada"


def test_a_cookie_whose_two_ids_disagree_is_nobody(
    sessions: Sessions, ada: Account, bob: Account, clock: Clock
) -> None:
    session = sessions.start(ada).session
    mixed = Session(session.id, bob.href.rpartition("/")[2], session.started, session.renewed)
    assert who(sessions, f"{COOKIE}={SessionSigner(sessions.settings.secret_keys).write(mixed)}") is None


def test_a_forked_worker_knows_the_sessions_of_its_parent(tmp_path: Any) -> None:
    with Client(f"sqlite:///{tmp_path}/accounts.db") as client:
        application = client.applications[0]
        ada = application.accounts.create({"email": "ada@example.org", "password": PASSWORD})
        sessions = Sessions(client, application, Settings(secret_keys=KEYS))
        cookie = sign_in(sessions, ada)
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            try:
                visit(sessions, cookie).sign_out()
                os.write(writer, b"signed out")
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert os.read(reader, 100) == b"signed out"
        assert who(sessions, cookie) is None


def test_a_browser_that_ends_its_sessions_is_nobody_else(
    sessions: Sessions, line: Line, ada: Account, bob: Account
) -> None:
    """Also where it has cookies of several accounts."""
    told: list[SessionEnded] = []
    assert isinstance(line.store, LocalDataStore)
    line.store.events.listen(SessionEnded, told.append)
    cookies = [sign_in(sessions, account) for account in (ada, bob)]
    visit(sessions, "; ".join(cookies)).sign_out()
    assert [who(sessions, cookie) for cookie in cookies] == [None, None]
    assert told == []


def test_a_request_says_where_it_comes_from(sessions: Sessions, cookie: str, ada: Account) -> None:
    """For events. Nobody looks at the user for that."""
    environ = {**request(cookie), "REMOTE_ADDR": "192.0.2.1", "HTTP_USER_AGENT": "curl"}
    session = sessions.open(environ)
    told = Origin(actor=ada.href, address="192.0.2.1", agent="curl", credential="session", language="en")
    assert session.origin() == told
    assert session.origin().environ is environ
    assert not session.user.looked_at and not session.cookies
    assert visit(sessions).origin() == Origin(language="en")


class TestWhoWantsToStay:
    """Whoever was asked whether the browser shall stay signed in has one of two other kinds of session."""

    @pytest.fixture
    def kept(self, sessions: Sessions, ada: Account) -> str:
        return self.begin(sessions, ada, remember=True)

    @pytest.fixture
    def short(self, sessions: Sessions, ada: Account) -> str:
        return self.begin(sessions, ada, remember=False)

    @staticmethod
    def begin(sessions: Sessions, account: Account, *, remember: bool) -> str:
        session = visit(sessions)
        session.sign_in(account, remember=remember)
        return given(session)

    def test_is_signed_in_for_a_fixed_time_used_or_not(self, sessions: Sessions, kept: str, clock: Clock) -> None:
        clock.now += 30 * DAY - 1
        assert who(sessions, kept) == "ada"
        clock.now += 1
        assert who(sessions, kept) is None

    def test_gets_one_cookie_for_all_of_it(self, open_sessions: Open, ada: Account, clock: Clock) -> None:
        sessions = open_sessions(session={"remember": "P90D"})
        session = visit(sessions)
        session.sign_in(ada, remember=True)
        assert f"Max-Age={90 * DAY}" in set_cookie(session).split("; ")
        clock.now += 45 * DAY
        later = visit(sessions, given(session))
        assert (later.user.username, later.headers()) == ("ada", [])

    def test_a_time_that_was_made_shorter_counts_for_those_who_are_signed_in(
        self, open_sessions: Open, kept: str, clock: Clock
    ) -> None:
        clock.now += 7 * DAY
        assert who(open_sessions(session={"remember": "P7D"}), kept) is None

    def test_who_does_not_is_signed_out_with_the_browser(self, sessions: Sessions, ada: Account) -> None:
        session = visit(sessions)
        session.sign_in(ada, remember=False)
        assert not re.search("max-age|expires", set_cookie(session), re.IGNORECASE)

    def test_the_cookie_of_the_browser_is_renewed_as_such(self, sessions: Sessions, short: str, clock: Clock) -> None:
        clock.now += DAY - 1
        session = visit(sessions, short)
        assert session.user.username == "ada"
        assert "max-age" not in set_cookie(session).lower()
        assert given(session) != short
        clock.now += DAY - 1
        again = visit(sessions, given(session))
        assert again.user.username == "ada"
        assert "max-age" not in set_cookie(again).lower()

    def test_a_browser_that_is_not_used_is_signed_out(self, sessions: Sessions, short: str, clock: Clock) -> None:
        clock.now += DAY
        assert who(sessions, short) is None

    def test_the_two_cannot_be_made_of_each_other(self, sessions: Sessions, short: str, cookie: str) -> None:
        """A thief cannot make a short session a long one."""
        value, _, signature = short.rpartition(".")
        for forged in (f"{value[:-1]}r.{signature}", f"{value[:-2]}.{signature}", f"{value[:-1]}.{signature}"):
            assert who(sessions, forged) is None
        usual, _, signature = cookie.rpartition(".")
        assert who(sessions, f"{usual}.r.{signature}") is None

    @pytest.mark.parametrize(("remember", "seconds"), [(True, 7 * DAY), (False, 2 * DAY), (None, 2 * DAY)])
    def test_the_directory_ends_it_too(
        self, open_sessions: Open, ada: Account, clock: Clock, remember: bool | None, seconds: int
    ) -> None:
        """Whoever has stolen the id of a session has it no longer than the browser."""
        sessions = open_sessions(session={"remember": "P7D", "absolute": "P2D"})
        session = visit(sessions)
        session.sign_in(ada, remember=remember)
        patient = {"remember": "P60D", "absolute": "P60D", "idle": "P60D"}
        clock.now += seconds - 1
        assert who(open_sessions(session=patient), given(session)) == "ada"
        clock.now += 1
        assert who(open_sessions(session=patient), given(session)) is None

    def test_a_cookie_of_before_stays_good(self, sessions: Sessions, cookie: str) -> None:
        """It has four parts and the signature of its own purpose."""
        value, _, signature = cookie.removeprefix(f"{COOKIE}=").rpartition(".")
        before = PurposeSigner(Settings(secret_keys=KEYS).secret_keys, "stormpath_wsgi session 1")
        assert value.count(".") == 3
        assert before.verify_signature(value, signature)
        assert who(sessions, cookie) == "ada"


def test_a_cookie_says_when_a_second_factor_was_proved_and_older_forms_are_read_as_before(sessions: Sessions) -> None:
    signer = SessionSigner(sessions.settings.secret_keys)
    plain = Session("i" * 22, "a" * 22, started=1, renewed=2)
    for session in (
        plain,
        plain._replace(stay=Stay.REMEMBERED),
        plain._replace(factor=1_800_000_000),
        plain._replace(factor=WAIVED, stay=Stay.BROWSER),
    ):
        assert signer.read(signer.write(session)) == session
    usual, whole = signer.write(plain), signer.write(plain._replace(factor=7))
    assert len(usual.split(".")) == 5
    forged = whole.replace("..7.", ".")
    assert signer.read(forged) is None
    assert signer.read(usual.rpartition(".")[0] + "..7." + usual.rpartition(".")[2]) is None

"""Who guesses passwords is held up, and who knows his own is not. The clock of these stories is moved by hand."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher
from support.browsing import PASSWORD, Visit, make_site
from support.cheap import WAITING, options
from support.servers import served
from support.visitors import request

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.api import RestAPI
from stormpath_wsgi.client import Account
from stormpath_wsgi.client.local import LocalDataStore
from stormpath_wsgi.directory import DirectoryService, open_directory
from stormpath_wsgi.errors import TooManyTries
from stormpath_wsgi.events import WaitBegan
from stormpath_wsgi.flows import SignInRefused
from stormpath_wsgi.limits import Limiter, Limits, MemoryTallies, Visitor, visited
from stormpath_wsgi.settings import LimitsSettings

HOME, OFFICE, AWAY = "203.0.113.7", "198.51.100.1", "192.0.2.99"


class Counting(Argon2Hasher):
    """Counts the passwords that it compares."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.compared = 0

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:
        self.compared += 1
        return super().verify(password, hash)


@dataclass(frozen=True)
class Answer:
    """What somebody hears: *wait*: seconds."""

    status: int
    wait: int
    body: bytes


class Town:
    """A *site* with the default limits, whose directory is *service*, and who tries to sign in. *now*: seconds."""

    def __init__(self, site: StormpathMiddleware, service: DirectoryService, hasher: Counting) -> None:
        self.now = time.time()
        self.site, self.hasher = site, hasher
        service._context.clock = lambda: self.now
        self.addresses = (f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in itertools.count())

    def account(self, name: str = "ada") -> Account:
        return Visit(site=self.site).account(f"{name}@example.org", username=name)

    def person(self, address: str = HOME) -> Person:
        return Person(self, address)

    def guess(self, login: str = "ada", address: str | None = None) -> int:
        """The status that a machine gets for a wrong password. Without an *address*, from a new one each time."""
        browser = self.site.sessions.open(request(REMOTE_ADDR=address or next(self.addresses)))
        with pytest.raises(SignInRefused) as refused:
            self.site.flows.sign_in.prove(login, "wrong", session=browser)
        return refused.value.status


class Person:
    """Somebody with a browser in this *town*, at an *address*."""

    def __init__(self, town: Town, address: str) -> None:
        self.town = town
        self.browser = Visit("application/json", site=town.site)
        self.browser.extra_environ["REMOTE_ADDR"] = address

    def tries(self, password: str | None = None, login: str = "ada", **headers: str) -> Answer:
        """Send the form of the login page, with a wrong password unless one is given."""
        sent = {"login": login, "password": password or "wrong"}
        answer = self.browser.post_json("/login", sent, headers=headers, status="*")
        return Answer(answer.status_int, int(answer.headers.get("Retry-After", 0)), answer.body)

    def signs_in(self, login: str = "ada") -> Answer:
        return self.tries(PASSWORD, login)

    def leaves(self) -> None:
        self.browser.post("/logout")


@pytest.fixture
def town() -> Iterator[Town]:
    hasher = Counting()
    site = make_site(password_hasher=hasher, hash_queue=WAITING)
    store = site.client.data_store
    assert isinstance(store, LocalDataStore)
    with closing(site.client):
        yield Town(site, store._service, hasher)


@pytest.fixture
def far_town() -> Iterator[Town]:
    """The directory is on another machine."""
    hasher, services = Counting(), list[DirectoryService]()

    def make(address: str) -> RestAPI:
        services.append(open_directory("sqlite://", options(base_url=f"{address}/v1", password_hasher=hasher)))
        services[0].bootstrap()
        return RestAPI(services[0])

    with served(make) as address, closing(services[0]) as service:
        id, secret = service.issue_api_key()
        there = {"directory": f"{address}/v1", "application": {"name": "My Application"}}
        site = make_site(**there, client={"apiKey": {"id": id, "secret": secret}})
        with closing(site.client):
            yield Town(site, service, hasher)


def test_a_clumsy_person_tries_five_times_and_gets_in(town: Town) -> None:
    town.account()
    ada = town.person()
    assert [ada.tries().status for _ in range(5)] == [400] * 5
    assert ada.signs_in().status == 200


def test_after_sixty_one_wrong_ones_the_right_one_has_to_wait_too(town: Town) -> None:
    town.account()
    guesser = town.person()
    assert [guesser.tries().status for _ in range(61)] == [400] * 6 + [429] * 55
    last = guesser.signs_in()
    assert (last.status, last.wait) == (429, 1)
    assert town.hasher.compared == 6  # what is refused costs no hash
    town.now += 1
    assert guesser.signs_in().status == 200


def test_who_waits_each_time_waits_twice_as_long_up_to_some_minutes(town: Town) -> None:
    town.account()
    guesser, waits = town.person(), list[int]()
    for _ in range(40):
        answer = guesser.tries()
        if answer.status == 429:
            waits.append(answer.wait)
            town.now += answer.wait
    assert waits[:9] == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert max(waits) == waits[-1] == 300


def test_one_wait_is_told_once(town: Town) -> None:
    ada, told = town.account(), list[WaitBegan]()
    town.site.events.listen(WaitBegan, told.append)
    guesser = town.person()
    for _ in range(20):
        guesser.tries()
    (event,) = told
    assert (event.account, event.address, event.limit) == (ada.href, HOME, "accountAndAddress")


class TestAGuesserWithManyAddresses:
    @pytest.fixture
    def besieged(self, town: Town) -> Town:
        """The guesser has begun, and takes each turn that there is. Ada has signed in at home before."""
        town.account()
        self.at_home = town.person()
        assert self.at_home.signs_in().status == 200
        self.at_home.leaves()
        assert [town.guess() for _ in range(22)] == [400] * 21 + [429]
        for wait in (1, 2, 4, 8, 16, 32):
            town.now += wait
            assert [town.guess() for _ in range(2)] == [400, 429]
        return town

    def test_the_owner_gets_in_at_once_where_he_signed_in_before(self, besieged: Town) -> None:
        assert besieged.guess() == 429
        assert self.at_home.signs_in().status == 200
        assert besieged.guess() == 429  # which was of no use to the guesser

    def test_a_known_browser_may_be_clumsy_too_and_not_for_ever(self, besieged: Town) -> None:
        assert [self.at_home.tries().status for _ in range(12)] == [400] * 11 + [429]

    def test_the_owner_waits_no_minute_in_a_new_browser_and_has_a_turn_of_his_own(self, besieged: Town) -> None:
        new = besieged.person(AWAY)
        answer = new.signs_in()
        assert answer.status == 429
        assert 0 < answer.wait <= 60
        for _ in range(answer.wait):  # the guesser takes each turn that there is
            besieged.now += 1
            besieged.guess()
        assert besieged.guess() == 429
        assert new.signs_in().status == 200
        assert "stormpath_place" not in new.browser.cookies
        new.leaves()
        assert new.signs_in().status == 200  # the browser is known now

    def test_an_owner_who_comes_too_soon_does_not_lose_his_turn(self, besieged: Town) -> None:
        new = besieged.person(AWAY)
        wait = new.signs_in().wait
        for seconds in range(wait - 1, 0, -1):
            besieged.now += 1
            besieged.guess()
            answer = new.signs_in()
            assert (answer.status, answer.wait) == (429, seconds)
        besieged.now += 1
        besieged.guess()
        assert new.signs_in().status == 200

    def test_the_guesser_cannot_use_the_turn_of_another_address(self, besieged: Town) -> None:
        owner, guesser = besieged.person(AWAY), besieged.person(OFFICE)
        besieged.now += owner.signs_in().wait
        besieged.guess()
        guesser.browser.cookiejar = owner.browser.cookiejar
        assert guesser.tries().status == 429

    def test_the_guesser_has_few_turns_that_way(self, besieged: Town) -> None:
        """However patient he is, one of his addresses has two tries on a day."""
        guesser, made = besieged.person(OFFICE), 0
        for _ in range(60):
            answer = guesser.tries()
            made += answer.status == 400
            besieged.now += min(answer.wait, 60)
            besieged.guess()
        assert made <= 8

    def test_a_new_password_can_be_had_by_mail_meanwhile(self, besieged: Town) -> None:
        assert besieged.guess() == 429
        token = besieged.site.application.password_reset_tokens.create({"email": "ada@example.org"})
        new_password = "Another-horse-8"
        besieged.site.application.reset_account_password(token.href.rpartition("/")[2], new_password)
        assert besieged.person(AWAY).tries(new_password).status == 200  # whoever reads the mail need not wait any more


class TestTenThousand:
    """So many, that only what counts is asked, and in memory: that the database counts the same its own tests show."""

    @pytest.fixture
    def limits(self, town: Town) -> Limits:
        tallies = MemoryTallies(100_000)
        limiter = Limiter(tallies, town.site.events, href=str, clock=lambda: town.now)
        return Limits(LimitsSettings().in_force(), limiter)

    def made(self, limits: Limits, name: str, address: str) -> bool:
        """Whether a wrong guess is made, or is refused."""
        try:
            with visited(Visitor(address)), limits.sign_in("tenant", name, None):
                return True
        except TooManyTries:
            return False

    def test_addresses_are_of_little_use_against_one_account(self, town: Town, limits: Limits) -> None:
        made = 0
        for address in islice(town.addresses, 10_000):
            made += self.made(limits, "ada", address)
            town.now += 0.36
        assert made <= 20 + 60 + 6  # in an hour: those that are free, one a minute, and the first that wait less

    def test_accounts_are_of_little_use_to_one_address(self, town: Town, limits: Limits) -> None:
        made = sum(self.made(limits, f"person{number}", OFFICE) for number in range(10_000))
        assert made == 51
        assert self.made(limits, "ada", HOME)
        counts = limits.limiter.tallies.counts(limits.limiter.now(), 10_000)
        assert len(list(counts)) <= 3 * 52  # what is refused leaves nothing behind


def test_one_address_on_many_accounts_is_slowed(town: Town) -> None:
    assert [town.guess(f"person{number}", OFFICE) for number in range(60)] == [400] * 51 + [429] * 9
    assert town.hasher.compared <= 51
    assert town.guess("person1", HOME) == 400


def test_success_does_not_forgive_what_others_tried(town: Town) -> None:
    """Else a guesser would have fresh tries each time that a program of the owner signs in."""
    town.account()
    for _ in range(20):
        assert town.guess() == 400
    assert town.person().signs_in().status == 200
    assert [town.guess(), town.guess()] == [400, 429]


def test_the_right_password_of_a_disabled_account_is_held_up_like_a_wrong_one(town: Town) -> None:
    account = town.account()
    account.status = "DISABLED"
    account.save()
    guesser, owner = town.person("192.0.2.7"), town.person("192.0.2.8")
    assert [owner.signs_in().status for _ in range(9)] == [guesser.tries().status for _ in range(9)]


def test_an_office_of_forty_people_behind_one_address_gets_in(town: Town) -> None:
    """All come at nine, and every fifth types wrong at first."""
    people = [f"person{number}" for number in range(40)]
    for name in people:
        town.account(name)
    for number, name in enumerate(people):
        person = town.person(OFFICE)
        if number % 5 == 0:
            assert person.tries(login=name).status == 400
        assert person.signs_in(name).status == 200


def test_success_forgives_the_account_and_not_the_address(town: Town) -> None:
    """Whoever has an account of his own must not get fresh tries at others by it."""
    people = [f"person{number}" for number in range(5)]
    for name in ("bob", *people):
        town.account(name)
    for name in 2 * people:
        assert [town.guess(name, OFFICE) for _ in range(5)] == [400] * 5
        assert town.person(OFFICE).signs_in(name).status == 200
    assert town.guess("bob", OFFICE) == 400
    assert town.guess("bob", OFFICE) == 429
    assert town.person(OFFICE).signs_in("bob").status == 429
    assert town.person(HOME).signs_in("bob").status == 200


class TestNothingIsDodgedBy:
    def test_another_spelling_of_the_name(self, town: Town) -> None:
        town.account()
        guesser = town.person()
        names = ("ada", "ADA", " ada ", "\uff41\uff44\uff41", "ada@example.org", "ADA@example.org")
        assert [guesser.tries(login=name).status for name in names] == [400] * 6
        assert [guesser.tries(login=name).status for name in names] == [429] * 6

    def test_another_spelling_of_a_name_that_nobody_has(self, town: Town) -> None:
        guesser = town.person()
        names = ("eve", "EVE", " eve ", "\uff45\uff56\uff45", "Eve", "eve")
        assert [guesser.tries(login=name).status for name in names] == [400] * 6
        assert [guesser.tries(login=name).status for name in names] == [429] * 6

    def test_headers_of_proxies_that_are_none(self, town: Town) -> None:
        guesser = town.person()
        for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-For", "Forwarded", "X-Real-IP"):
            assert guesser.tries(**{header: next(town.addresses)}).status == 400
        assert guesser.tries(**{"X-Forwarded-For": next(town.addresses)}).status == 429

    def test_the_many_addresses_of_one_household(self, town: Town) -> None:
        assert [town.guess("ada", f"2001:db8:1:2:{n:x}::1") for n in range(7)] == [400] * 6 + [429]
        assert town.guess("ada", "2001:db8:1:3::1") == 400

    def test_an_address_of_the_old_protocol_in_the_form_of_the_new_one(self, town: Town) -> None:
        assert [town.guess("ada", HOME) for _ in range(6)] == [400] * 6
        assert town.guess("ada", f"::ffff:{HOME}") == 429

    def test_a_new_browser(self, town: Town) -> None:
        assert [town.person().tries().status for _ in range(7)] == [400] * 6 + [429]

    def test_a_browser_that_another_account_has_signed_in_in(self, town: Town) -> None:
        town.account()
        town.account("eve")
        guesser = town.person()
        assert guesser.signs_in("eve").status == 200
        assert [guesser.tries().status for _ in range(7)] == [400] * 6 + [429]


def test_accounts_that_exist_and_that_do_not_are_answered_alike_at_every_step(town: Town) -> None:
    town.account()
    heard: list[list[Answer]] = []
    for number, login in enumerate(("ada", "eve")):
        town.now = 2_000_000_000
        person, answers = town.person(f"198.51.100.{number}"), list[Answer]()
        for _ in range(30):
            answers.append(person.tries(login=login))
            town.now += answers[-1].wait
        for _ in range(20):
            answers.append(town.person(next(town.addresses)).tries(login=login))
        heard.append(answers)
        assert list(person.browser.cookies) == []
    assert heard[0] == heard[1]
    assert {answer.status for answer in heard[0]} == {400, 429}


def test_all_that_holds_where_the_directory_is_on_another_machine(far_town: Town) -> None:
    """It is told who tries, and says who has to wait and with which place in the queue."""
    far_town.account()
    at_home, new = far_town.person(HOME), far_town.person(AWAY)
    assert at_home.signs_in().status == 200
    assert [far_town.guess(address=OFFICE) for _ in range(7)] == [400] * 6 + [429]
    assert [far_town.guess() for _ in range(16)] == [400] * 15 + [429]
    refused = new.signs_in()
    assert (refused.status, refused.wait) == (429, 1)
    assert at_home.signs_in().status == 200
    far_town.now += 1
    assert [far_town.guess() for _ in range(2)] == [400, 429]
    assert new.signs_in().status == 200
    assert far_town.person(OFFICE).tries(login="eve").status == 400

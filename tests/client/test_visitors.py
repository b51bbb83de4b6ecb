"""A site whose directory is on another machine: who tries there is its visitor, and not the site."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count

import pytest
from support.cheap import HASHER, WAITING
from support.servers import Scripted, answer, scripted, served
from support.world import ENCRYPTION_KEY, PASSWORD

from stormpath_wsgi.api import RestAPI
from stormpath_wsgi.client import Account, Application, Client
from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.directory.crypto.passwords import Passwords
from stormpath_wsgi.directory.crypto.secrets import Secrets
from stormpath_wsgi.directory.storage import migrate
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.errors import Error, TooManyTries
from stormpath_wsgi.events import Origin, at
from stormpath_wsgi.kinds import id_of
from stormpath_wsgi.limits import NOBODY, Visitor, header, visited
from stormpath_wsgi.settings import LimitsSettings

LIMITS = LimitsSettings()
OURS, THEIRS = Visitor("192.0.2.1"), Visitor("203.0.113.7")


@dataclass
class Machine:
    """The one with the directory. *ahead*: seconds that its clock is ahead."""

    url: str = ""
    key: tuple[str, str] = ("", "")
    ahead: float = 0

    def clock(self) -> float:
        return time.time() + self.ahead


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    machine, path = Machine(), tmp_path_factory.mktemp("machine") / "accounts.db"
    with closing(Database(f"sqlite:///{path}")) as database:
        migrate.upgrade(database)

        def make(address: str) -> RestAPI:
            service = DirectoryService(
                database,
                f"{address}/v1",
                passwords=Passwords(HASHER, waiting=WAITING),
                secrets=Secrets([ENCRYPTION_KEY]),
                clock=machine.clock,
            )
            service.bootstrap()
            machine.key = service.issue_api_key()
            return RestAPI(service)

        with served(make) as address:
            machine.url = f"{address}/v1"
            yield machine


@pytest.fixture(scope="module", params=["SAuthc1", "basic"])
def application(machine: Machine, request: pytest.FixtureRequest) -> Iterator[Application]:
    """As a site of yours sees it."""
    id, secret = machine.key
    with Client(url=machine.url, id=id, secret=secret, scheme=request.param) as client:
        (found,) = client.applications.search("My Application")
        yield found


@pytest.fixture
def ada(application: Application) -> Account:
    email = f"ada-{secrets.token_hex(8)}@example.org"
    return application.accounts.create({"email": email, "password": PASSWORD, "given_name": "A", "surname": "L"})


def outcome(application: Application, account: Account, visitor: Visitor, password: str = PASSWORD) -> str:
    """What comes of a sign-in of *visitor*."""
    with visited(visitor):
        try:
            application.authenticate_account(account.email, password)
        except TooManyTries:
            return "wait"
        except Error as error:
            return str(error.code)
    return "in"


def guess(application: Application, account: Account, visitor: Visitor = THEIRS) -> TooManyTries:
    """Guesses until it has to wait."""
    with visited(visitor):
        for _ in range(100):
            try:
                application.authenticate_account(account.email, "Wrong-Horse-1")
            except TooManyTries as error:
                return error
            except Error as error:
                assert error.code == 7100
    raise AssertionError("nothing holds up who guesses")


def guess_from_everywhere(application: Application, account: Account) -> None:
    """Until everybody has to wait who has not signed in there before."""
    addresses = (Visitor(f"198.51.100.{number}") for number in count(1))
    while outcome(application, account, next(addresses), "Wrong-Horse-1") != "wait":
        pass


def test_of_two_visitors_of_one_site_the_one_who_guesses_waits(application: Application, ada: Account) -> None:
    error = guess(application, ada)
    assert (error.status, error.code, error.retry_after) == (429, 7111, 1)
    assert "a moment" in error.user_message and error.request_id
    assert outcome(application, ada, THEIRS) == "wait"
    assert outcome(application, ada, OURS) == "in"


def test_the_address_is_that_of_the_request_which_the_site_serves(application: Application, ada: Account) -> None:
    with at(Origin(address="203.0.113.9")):
        for _ in range(LIMITS.account_and_address.tries + 1):
            with pytest.raises(Error, match="password is incorrect"):
                application.authenticate_account(ada.email, "Wrong-Horse-1")
    assert outcome(application, ada, Visitor("203.0.113.9")) == "wait"
    assert outcome(application, ada, OURS) == "in"


def test_a_site_that_tells_of_no_visitor_is_held_up_by_the_limit_of_the_account_alone(
    application: Application, ada: Account
) -> None:
    """An SDK of before calls from one address for all visitors of its site."""
    told = [outcome(application, ada, NOBODY, "Wrong-Horse-1") for _ in range(LIMITS.account.tries + 2)]
    assert told == ["7100"] * (LIMITS.account.tries + 1) + ["wait"]


def test_a_known_browser_gets_in_while_everybody_else_waits(application: Application, ada: Account) -> None:
    guess_from_everywhere(application, ada)
    known = frozenset({id_of(ada.href)})
    assert outcome(application, ada, OURS) == "wait"
    assert outcome(application, ada, Visitor(OURS.address, "b1", frozenset({"0" * 22}))) == "wait"
    assert outcome(application, ada, Visitor(OURS.address, "b1", known)) == "in"


def test_a_place_in_the_queue_is_told_and_counts_when_it_is_due(
    application: Application, ada: Account, machine: Machine
) -> None:
    guess_from_everywhere(application, ada)
    with visited(OURS), pytest.raises(TooManyTries) as caught:
        application.authenticate_account(ada.email, PASSWORD)
    place = caught.value.place
    assert place is not None
    machine.ahead += caught.value.retry_after + 1
    guess_from_everywhere(application, ada)
    assert outcome(application, ada, OURS) == "wait"
    assert outcome(application, ada, Visitor(OURS.address, place=place)) == "in"


@pytest.fixture
def server() -> Iterator[Scripted]:
    with scripted() as server:
        yield server


def test_only_of_what_can_be_a_try_another_machine_is_told_who_makes_it(server: Scripted) -> None:
    """An address is somebody's: it goes no further than it must."""
    href = f"{server.base_url}/accounts/7q"
    with Client(url=server.base_url, id="MyId", secret="MySecret") as client, visited(THEIRS):
        server.answers = [answer(200, {"href": href})]
        client.data_store.get(href)
        client.data_store.update(href, {"surname": "L"})
        client.data_store.delete(href)
        with visited(NOBODY):
            client.data_store.update(href, {"surname": "L"})
    name = header.NAME.lower()
    assert [asked.headers.get(name) for asked in server.asked] == [None, "address=203.0.113.7", None, None]
    signed = server.asked[1].headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0]
    assert name in signed.split(";")

"""The data store over HTTP, and what goes wrong on the way: each fault is either overcome or told as what it is."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import pickle
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from email.utils import formatdate
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from support.servers import DROP, Scripted, answer, refusal, scripted

from stormpath_wsgi.client import transport
from stormpath_wsgi.client.credentials import KeyPair
from stormpath_wsgi.client.http import TRIES, HttpDataStore
from stormpath_wsgi.client.remote import Remote
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error, TooManyTries, Unavailable
from stormpath_wsgi.slots import slot_of

SECRET = "a-secret-that-nobody-may-see"


class Clock:
    """Goes on only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Iterator[Scripted]:
    with scripted() as server:
        yield server


@pytest.fixture
def store(server: Scripted, clock: Clock) -> Iterator[HttpDataStore]:
    with closing(store_of(server.base_url, clock)) as store:
        yield store


def store_of(base_url: str, clock: Clock, **options: Any) -> HttpDataStore:
    key_pair = KeyPair("MyId", SECRET)
    return HttpDataStore(Remote(base_url, key_pair, **options), clock=clock, sleep=clock.sleep)


def account(server: Scripted, id: str = "7q") -> dict[str, str]:
    return {"href": f"{server.base_url}/accounts/{id}", "status": "ENABLED"}


VERBS: list[Callable[[HttpDataStore, str], Any]] = [
    lambda store, href: store.get(href),
    lambda store, href: store.list(href),
    lambda store, href: store.create(href, {}),
    lambda store, href: store.update(href, {}),
    lambda store, href: store.delete(href),
]


class TestRequests:
    def test_the_five_verbs_are_get_get_post_post_and_delete(self, server: Scripted, store: HttpDataStore) -> None:
        server.answers = [
            answer(200, account(server)),
            answer(200, account(server)),
            *[answer(200, {})] * 2,
            answer(204),
        ]
        for verb in VERBS:
            verb(store, f"{server.base_url}/accounts/7q")
        assert [asked.method for asked in server.asked] == ["GET", "GET", "POST", "POST", "DELETE"]
        assert {asked.target for asked in server.asked} == {"/v1/accounts/7q"}
        assert {asked.connection for asked in server.asked} == {1}, "one connection serves them all"

    def test_a_query_is_spelled_as_it_is_signed(self, server: Scripted, store: HttpDataStore) -> None:
        server.answers = [answer(200, account(server))]
        store.list(f"{server.base_url}/accounts", {"q": "a b&c*~/é+"}, "groups(limit:5)")
        assert server.asked[0].target == "/v1/accounts?q=a%20b%26c%2A~%2F%C3%A9%2B&expand=groups%28limit%3A5%29"

    def test_flags_are_spelled_as_the_api_has_them(self, server: Scripted, store: HttpDataStore) -> None:
        server.answers = [answer(201, {})]
        store.create(f"{server.base_url}/applications", {"name": "A"}, {"createDirectory": True})
        assert server.asked[0].target == "/v1/applications?createDirectory=true"
        assert json.loads(server.asked[0].body) == {"name": "A"}

    def test_only_the_token_endpoint_takes_a_form(self, server: Scripted, store: HttpDataStore) -> None:
        server.answers = [answer(200, {"access_token": "a.b.c"})]
        href = f"{server.base_url}/applications/7q/oauth/token"
        answered = store.create(href, {"grant_type": "password", "username": "ada", "password": "a&b", "nameKey": None})
        assert answered == {"access_token": "a.b.c"}
        assert server.asked[0].headers["content-type"] == "application/x-www-form-urlencoded"
        assert server.asked[0].body == b"grant_type=password&username=ada&password=a%26b"

    def test_nothing_but_json_is_sent(self, server: Scripted, store: HttpDataStore) -> None:
        for value in (float("nan"), object(), {1, 2}):
            with pytest.raises(Error) as caught:
                store.update(f"{server.base_url}/accounts/7q/customData", {"key": value})
            assert caught.value.status == 400
        assert not server.asked

    @pytest.mark.parametrize(
        "href",
        ["http://elsewhere.example/v1/accounts/7q", "{}x/accounts/7q", "{}", "{}/", "{}/../admin", "{}/accounts/..",
         "{}/accounts/%2e%2e", "{}/accounts/7q?_method=DELETE", "{}/accounts/7q#", "{}/accounts//7q",
         "{}@evil.example/a", "{}/accounts/7q\r\nX: y", "{}/accounts/a b"],
    )  # fmt: skip
    def test_what_is_not_below_the_base_url_is_not_found_and_never_asked_for(
        self, server: Scripted, store: HttpDataStore, href: str
    ) -> None:
        for verb in VERBS:
            with pytest.raises(Error) as caught:
                verb(store, href.format(server.base_url))
            assert caught.value.status == 404
        assert not server.asked


class TestAnswers:
    def test_an_error_keeps_all_that_the_api_says(self, server: Scripted, store: HttpDataStore) -> None:
        server.answers = [refusal(409, 2001)]
        with pytest.raises(Error) as caught:
            store.create(f"{server.base_url}/directories", {})
        error = caught.value
        assert not isinstance(error, Unavailable)
        assert (error.status, error.code, error.user_message) == (409, 2001, "No.")
        assert (error.developer_message, error.more_info, error.request_id) == ("No, because of 2001.", "urn:no", "r-1")

    @pytest.mark.parametrize(
        "said",
        [
            answer(404, "<html>Not Found</html>"),
            answer(404, {"detail": "Not Found"}),
            answer(404, {"status": "404", "code": None}),
            answer(404, {"status": 404, "code": 404, "message": ["No"]}),
            answer(400),
            answer(200),
            answer(200, "<html>Welcome to our hotel</html>"),
            answer(200, "[1]"),
            answer(200, "[" * 100_000),
            answer(200, {"welcome": "to the club"}),
            answer(200, {"href": 7}),
            answer(200, {"href": "https://other.example/v1/accounts/7q"}),
            answer(302, Location="https://evil.example/v1/accounts/7q"),
            answer(302, Location="/login"),
            answer(302),
            answer(304),
            b"SSH-2.0-OpenSSH_9.2\r\n",
        ],
    )
    def test_what_no_stormpath_api_says_is_no_verdict(
        self, server: Scripted, store: HttpDataStore, said: bytes
    ) -> None:
        """A proxy's 404 must not sign anybody out."""
        server.answers = [said]
        with pytest.raises(Unavailable, match="cannot be used"):
            store.get(f"{server.base_url}/accounts/7q")

    def test_a_redirect_is_followed_with_its_query(self, server: Scripted, store: HttpDataStore) -> None:
        target = f"{server.base_url}/tenants/7q"
        server.answers = [answer(302, Location=target), answer(200, {"href": target})]
        assert store.get(f"{server.base_url}/tenants/current", "applications") == {"href": target}
        assert [asked.target for asked in server.asked] == [
            "/v1/tenants/current?expand=applications", "/v1/tenants/7q?expand=applications",
        ]  # fmt: skip
        assert server.asked[0].headers["authorization"] != server.asked[1].headers["authorization"]

    def test_a_circle_of_redirects_is_left(self, server: Scripted, store: HttpDataStore) -> None:
        server.answers = [answer(302, Location=f"{server.base_url}/tenants/current")]
        with pytest.raises(Unavailable):
            store.get(f"{server.base_url}/tenants/current")
        assert len(server.asked) == 3

    def test_a_write_is_not_redirected(self, server: Scripted, store: HttpDataStore) -> None:
        server.answers = [answer(307, Location=f"{server.base_url}/accounts/8q")]
        with pytest.raises(Unavailable):
            store.update(f"{server.base_url}/accounts/7q", {"password": "x"})
        assert len(server.asked) == 1

    def test_an_answer_without_end_is_cut_off(
        self, server: Scripted, store: HttpDataStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(transport, "LARGEST", 1000)
        server.answers = [answer(200, {"href": "x" * 2000})]
        with pytest.raises(Unavailable, match="larger than 1000 bytes"):
            store.get(f"{server.base_url}/accounts/7q")
        assert len(server.asked) == 1, "asking again would not make it smaller"

    def test_a_compressed_answer_is_not_asked_for(self, server: Scripted, store: HttpDataStore) -> None:
        """A few kilobytes of it can become gigabytes."""
        server.answers = [answer(200, account(server))]
        store.get(f"{server.base_url}/accounts/7q")
        assert server.asked[0].headers["accept-encoding"] == "identity"


class TestRepetition:
    @pytest.mark.parametrize("fault", [DROP, refusal(500), refusal(502), answer(503, "busy"), refusal(429)])
    def test_reading_survives_a_passing_fault(self, server: Scripted, store: HttpDataStore, fault: bytes) -> None:
        server.answers = [fault, fault, answer(200, account(server))]
        assert store.get(f"{server.base_url}/accounts/7q") == account(server)

    @pytest.mark.parametrize("fault", [DROP, refusal(500), refusal(502), answer(503, "busy"), answer(504, "late")])
    def test_a_write_that_may_have_happened_is_not_repeated(
        self, server: Scripted, store: HttpDataStore, fault: bytes
    ) -> None:
        server.answers = [fault, answer(200, {})]
        with pytest.raises(Unavailable):
            store.create(f"{server.base_url}/accounts/7q/groupMemberships", {})
        assert len(server.asked) == 1

    @pytest.mark.parametrize("fault", [refusal(429), refusal(503, Retry_After="0")])
    def test_a_write_that_was_turned_away_is_repeated(
        self, server: Scripted, store: HttpDataStore, fault: bytes
    ) -> None:
        server.answers = [fault, answer(201, account(server))]
        assert store.create(f"{server.base_url}/accounts", {}) == account(server)

    @pytest.mark.parametrize("verb", VERBS)
    def test_of_the_wrong_key_of_a_site_no_visitor_is_told_to_wait(
        self, server: Scripted, store: HttpDataStore, verb: Any
    ) -> None:
        server.answers = [refusal(429, Code.TOO_MANY_WRONG_KEYS, Retry_After="30")]
        with pytest.raises(Unavailable, match="because of 429") as caught:
            verb(store, f"{server.base_url}/accounts/7q")
        assert (caught.value.status, caught.value.retry_after, len(server.asked)) == (503, 30, 1)

    @pytest.mark.parametrize("verb", VERBS)
    def test_what_was_tried_too_often_is_not_repeated(self, server: Scripted, store: HttpDataStore, verb: Any) -> None:
        """Nobody tries on behalf of a visitor who is told to wait, however short that is."""
        server.answers = [refusal(429, 7111, Retry_After="1")]
        with pytest.raises(TooManyTries) as caught:
            verb(store, f"{server.base_url}/applications/7q/loginAttempts")
        assert len(server.asked) == 1
        error = caught.value
        assert (error.status, error.code, error.retry_after, error.place) == (429, 7111, 1, None)
        assert (error.user_message, error.request_id) == ("No.", "r-1")

    @pytest.mark.parametrize(
        ("told", "place"),
        [
            (["0a1b", 1_790_000_000_000], ("0a1b", 1_790_000_000_000)),
            (None, None),
            ("0a1b", None),
            (["0a1b"], None),
            (["0a1b", "soon"], None),
            ([7, 7], None),
            ({"key": 1}, None),
        ],
    )
    def test_a_place_in_the_queue_crosses_the_wire(
        self, server: Scripted, store: HttpDataStore, told: Any, place: Any
    ) -> None:
        body = {**TooManyTries(retry_after=7).body(), "place": told}
        server.answers = [answer(429, body, Retry_After="7")]
        with pytest.raises(TooManyTries) as caught:
            store.create(f"{server.base_url}/applications/7q/loginAttempts", {})
        assert (caught.value.retry_after, caught.value.place) == (7, place)
        again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
        assert (type(again), vars(again), str(again)) == (TooManyTries, vars(caught.value), str(caught.value))

    def test_a_write_does_not_wait_for_a_long_pause(self, server: Scripted, store: HttpDataStore) -> None:
        """It holds a thread of a site, whose visitor can be told as well when to come back."""
        server.answers = [refusal(503, Retry_After="2"), answer(201, account(server))]
        with pytest.raises(Unavailable) as caught:
            store.create(f"{server.base_url}/applications/7q/loginAttempts", {})
        assert (caught.value.retry_after, len(server.asked)) == (2, 1)

    def test_a_write_is_repeated_when_there_was_no_connection(self, clock: Clock) -> None:
        with scripted() as gone:
            pass
        with closing(store_of(gone.base_url, clock)) as store, pytest.raises(Unavailable, match="refused"):
            store.update(f"{gone.base_url}/accounts/7q", {"surname": "L"})
        assert len(clock.pauses) == TRIES - 1

    @pytest.mark.parametrize("fault", [DROP, refusal(500)])
    def test_what_an_earlier_try_has_removed_counts_as_removed(
        self, server: Scripted, store: HttpDataStore, fault: bytes
    ) -> None:
        server.answers = [fault, refusal(404)]
        store.delete(f"{server.base_url}/accounts/7q")

    @pytest.mark.parametrize("before", [[], [refusal(429)]])
    def test_what_was_never_there_cannot_be_removed(
        self, server: Scripted, store: HttpDataStore, before: list[bytes]
    ) -> None:
        server.answers = [*before, refusal(404)]
        with pytest.raises(Error) as caught:
            store.delete(f"{server.base_url}/accounts/7q")
        assert caught.value.status == 404

    def test_pauses_grow_and_have_some_chance_in_them(
        self, server: Scripted, store: HttpDataStore, clock: Clock
    ) -> None:
        server.answers = [refusal(500)]
        with pytest.raises(Unavailable, match="because of 500") as caught:
            store.get(f"{server.base_url}/accounts/7q")
        assert (caught.value.status, caught.value.request_id) == (503, "r-1")
        assert len(server.asked) == TRIES
        for pause, longest in zip(clock.pauses, (0.1, 0.2, 0.4, 0.8), strict=True):
            assert longest / 2 <= pause <= longest

    def test_the_pauses_may_be_ones_own(self, server: Scripted, clock: Clock) -> None:
        server.answers = [refusal(500)]
        options = {"backoff": lambda tries: tries * 1000}
        with closing(store_of(server.base_url, clock, **options)) as store, pytest.raises(Unavailable):
            store.get(f"{server.base_url}/accounts/7q")
        assert clock.pauses == [1, 2, 3, 4]

    def test_the_server_says_when_to_come_back(self, server: Scripted, store: HttpDataStore, clock: Clock) -> None:
        server.answers = [refusal(503, Retry_After="7"), answer(200, account(server))]
        store.get(f"{server.base_url}/accounts/7q")
        assert clock.pauses == [7]

    @pytest.mark.parametrize("when", ["120", formatdate(4102444800, usegmt=True)])
    def test_nobody_waits_longer_than_the_time_for_all_tries(
        self, server: Scripted, store: HttpDataStore, clock: Clock, when: str
    ) -> None:
        server.answers = [refusal(429, Retry_After=when)]
        with pytest.raises(Unavailable) as caught:
            store.get(f"{server.base_url}/accounts/7q")
        assert caught.value.retry_after >= 120
        assert (len(server.asked), clock.pauses) == (1, [])

    def test_a_server_that_says_nothing_is_left(self, server: Scripted, clock: Clock) -> None:
        server.answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"]
        with closing(store_of(server.base_url, clock, timeout=0.05)) as store, pytest.raises(Unavailable):
            store.get(f"{server.base_url}/accounts/7q")


class TestGeneration:
    def test_it_moves_when_an_answer_may_be_too_old(self, server: Scripted, clock: Clock) -> None:
        with closing(store_of(server.base_url, clock, ttl=60)) as store:
            before = store.generation()
            clock.now += 59
            assert store.generation() == before
            clock.now += 1
            assert store.generation() != before

    @pytest.mark.parametrize("said", [answer(200, {}), refusal(409), DROP])
    @pytest.mark.parametrize("verb", VERBS[2:])
    def test_it_moves_with_a_write_even_if_that_failed(
        self, server: Scripted, store: HttpDataStore, said: bytes, verb: Any
    ) -> None:
        server.answers = [said]
        before = store.generation()
        with suppress(Error):
            verb(store, f"{server.base_url}/accounts/7q")
        assert store.generation() != before

    def test_signing_in_makes_nothing_untrue(self, server: Scripted, store: HttpDataStore) -> None:
        server.answers = [answer(200, {})]
        before = store.generation()
        store.create(f"{server.base_url}/applications/7q/loginAttempts", {})
        store.create(f"{server.base_url}/accounts/7q/refreshTokens", {})
        assert store.generation() == before

    @pytest.mark.parametrize(
        ("said", "ended"),
        [
            (answer(201, {}), False),
            (refusal(409), False),
            (answer(201, {"endedOthers": True}), True),
            (answer(500, {}), True),  # it may have ended some
            (DROP, True),
        ],
    )
    def test_a_session_that_may_have_ended_others_moves_the_number_of_its_account_alone(
        self, server: Scripted, store: HttpDataStore, said: bytes, ended: bool
    ) -> None:
        server.answers = [said]
        ada, bob = "7qAda7qAda7qAda7qAda7q", "7qBob7qBob7qBob7qBob7q"
        before = [store.generation(slot_of(each)) for each in (ada, bob)]
        with suppress(Error):
            store.create(f"{server.base_url}/accounts/{ada}/sessions", {}, {"most": "1"})
        moved = [store.generation(slot_of(each)) != was for each, was in zip((ada, bob), before, strict=True)]
        assert moved == [ended, False]

    def test_every_one_of_many_writes_at_once_moves_it(self, server: Scripted, store: HttpDataStore) -> None:
        server.answers = [answer(204)]
        moved: list[bool] = []

        def write() -> None:
            for _ in range(10):
                before = store.generation()
                store.delete(f"{server.base_url}/accounts/7q")
                moved.append(store.generation() != before)

        threads = [threading.Thread(target=write) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert moved == [True] * 40


class TestConnections:
    def test_a_forked_process_has_connections_of_its_own(self, server: Scripted, store: HttpDataStore) -> None:
        server.answers = [answer(200, account(server))]
        href = f"{server.base_url}/accounts/7q"
        store.get(href)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                store.get(href)
                status = 0
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        store.get(href)
        assert [asked.connection for asked in server.asked] == [1, 2, 1]

    def test_a_connection_that_was_closed_meanwhile_is_replaced(self, server: Scripted, store: HttpDataStore) -> None:
        server.answers = [answer(200, account(server)), DROP, answer(200, account(server))]
        for _ in range(2):
            assert store.get(f"{server.base_url}/accounts/7q") == account(server)

    def test_no_cookie_is_kept(self, server: Scripted, store: HttpDataStore) -> None:
        server.answers = [answer(200, account(server), Set_Cookie="who=ada; Path=/")]
        for _ in range(2):
            store.get(f"{server.base_url}/accounts/7q")
        assert "cookie" not in server.asked[1].headers


class TestTrust:
    """Certificates are verified; whom to trust may be said, and not that nobody has to be."""

    @pytest.fixture
    def certificate(self, tmp_path: Path) -> Path:
        """Of an authority that nobody knows, with its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a private authority")])
        now = dt.datetime.now(dt.UTC)
        made = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (path := tmp_path / "authority.pem").write_bytes(secret + made.public_bytes(pem))
        return path

    @pytest.fixture
    def server(self, certificate: Path) -> Iterator[Scripted]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        with scripted(context) as server:
            server.answers = [answer(200, account(server))]
            yield server

    def test_an_unknown_authority_is_not_trusted(self, server: Scripted, store: HttpDataStore, clock: Clock) -> None:
        with pytest.raises(Unavailable, match="certificate verify failed"):
            store.update(f"{server.base_url}/accounts/7q", {"password": "x"})
        assert (server.asked, clock.pauses) == ([], []), "nothing was sent, and asking again would not help"

    def test_a_private_authority_may_be_named(self, server: Scripted, clock: Clock, certificate: Path) -> None:
        with closing(store_of(server.base_url, clock, ca_bundle=str(certificate))) as store:
            assert store.get(f"{server.base_url}/accounts/7q") == account(server)

    def test_the_environment_may_name_it_too(
        self, server: Scripted, store: HttpDataStore, certificate: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        assert store.get(f"{server.base_url}/accounts/7q") == account(server)


class TestSecrets:
    @pytest.mark.parametrize("scheme", ["SAuthc1", "basic"])
    def test_no_secret_is_told(
        self, server: Scripted, clock: Clock, caplog: pytest.LogCaptureFixture, scheme: str
    ) -> None:
        """Not in a representation, a log or an error, nor in what hangs on the error."""
        caplog.set_level(logging.DEBUG)
        server.answers = [DROP]
        with closing(store_of(server.base_url, clock, scheme=scheme)) as store:
            with pytest.raises(Unavailable) as caught:
                store.get(f"{server.base_url}/accounts/7q")
            proof = server.asked[0].headers["authorization"].split()[-1]
            error = caught.value
            shown = " ".join([repr(store), repr(store._remote), repr(error), str(error.body()), caplog.text])
        assert (error.__cause__, error.__context__) == (None, None)
        for secret in (SECRET, proof):
            assert secret not in shown

    def test_a_netrc_is_not_looked_into(
        self, server: Scripted, store: HttpDataStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What requests finds there it would send instead of our own."""
        (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password else\n")
        monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
        server.answers = [answer(200, account(server))]
        store.get(f"{server.base_url}/accounts/7q")
        assert server.asked[0].headers["authorization"].startswith("SAuthc1 ")

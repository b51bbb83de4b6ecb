"""The password of an account in Basic credentials: what is compared, remembered and refused."""

from __future__ import annotations

import base64
import datetime as dt
import gc
import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pyotp
import pytest
from pwdlib.hashers.argon2 import Argon2Hasher
from support.callers import basic
from support.questions import Asks
from support.visitors import JSON, Site
from werkzeug.middleware.lint import LintMiddleware
from werkzeug.test import Client as Browser
from werkzeug.test import TestResponse

from stormpath_wsgi import user
from stormpath_wsgi.client import Account
from stormpath_wsgi.events import AfterEvent, Declined, SignedIn, SignInFailed, SignInStarts, WaitBegan
from stormpath_wsgi.session import session_of
from stormpath_wsgi.web.account_passwords import AccountPasswords
from stormpath_wsgi.web.identity import CredentialKind, Proved

PASSWORD, OTHER = "Correct horse 1", "Correct horse 2"
OFFER = {"/dav": {"policy": "login", "challenge": "basic"}, "/secret": "login"}
#: Nobody is told more than this.
REFUSED = {"status": 401, "message": "You are not authenticated. Please log in to access this resource."}


class Counting(Argon2Hasher):
    """Hashes cheaply, and counts how often a password is compared with a hash."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.compared: list[str] = []

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:
        self.compared.append(password if isinstance(password, str) else password.decode())
        return super().verify(password, hash)


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    identity = environ["stormpath.identity"]
    if isinstance(identity, Proved):
        (proof,) = identity.proofs
        assert identity.kind is CredentialKind.BASIC
        assert session_of(environ).origin().credential == identity.credential == proof.value
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{user.username} {environ.get('REMOTE_USER')} {type(identity).__name__}".encode()]


class Dav:
    """A site whose programs bring passwords, Ada's account, and what is told of it."""

    def __init__(self, **settings: Any) -> None:
        self.hasher = Counting()
        given: dict[str, Any] = {"protect": OFFER, "basic": {"password": True}, **settings}
        self.site = Site(app, password_hasher=self.hasher, **given)
        self.ada = self.person("ada")
        self.told: list[AfterEvent] = []
        self.site.middleware.events.listen(AfterEvent, self.told.append)

    def person(self, name: str) -> Account:
        return self.site.account(name, password=self.hasher.hash(PASSWORD))

    def ask(
        self,
        login: str = "ada",
        password: str = PASSWORD,
        path: str = "/dav/",
        *,
        scheme: str = "https",
        address: str = "192.0.2.1",
        header: str | None = None,
    ) -> TestResponse:
        browser = Browser(LintMiddleware(self.site.middleware), use_cookies=False)
        headers = {**JSON, "Authorization": header or basic(login, password)}
        return browser.get(
            path, headers=headers, base_url=f"{scheme}://localhost", environ_overrides={"REMOTE_ADDR": address}
        )

    def asks(self, *args: str, **more: Any) -> int:
        """The status of the answer."""
        return self.ask(*args, **more).status_code

    @property
    def hashes(self) -> int:
        return len(self.hasher.compared)

    def outcomes(self) -> list[str]:
        """What is told of sign-ins: who was signed in, or why not."""
        names = [each.reason if isinstance(each, SignInFailed) else type(each).__name__ for each in self.told]
        return [name for name in names if name == "SignedIn" or name.isupper()]


@contextmanager
def served(**settings: Any) -> Iterator[Dav]:
    dav = Dav(**settings)
    with closing(dav.site.client):
        yield dav


@pytest.fixture
def dav() -> Iterator[Dav]:
    with served() as made:
        yield made


class TestARightPassword:
    def test_signs_in_each_request_and_is_hashed_once(self, dav: Dav) -> None:
        for _ in range(100):
            assert dav.ask().text == "ada ada Proved"
        assert dav.hashes == 1
        assert dav.outcomes() == ["SignedIn"]
        (event,) = [each for each in dav.told if isinstance(each, SignedIn)]
        assert (event.account, event.credential, event.address) == (dav.ada.href, "password", "192.0.2.1")

    def test_may_come_with_the_address_and_in_any_case(self, dav: Dav) -> None:
        for login in ("ada@example.org", "ADA", "Ada@Example.org"):
            assert dav.ask(login).text == "ada ada Proved"

    def test_makes_no_session(self, dav: Dav) -> None:
        assert "Set-Cookie" not in dav.ask().headers
        assert len(dav.ada.refresh_tokens) == 0

    def test_of_one_directory_of_several_is_told_with_its_qualifier(self, dav: Dav) -> None:
        acme = dav.site.client.directories.create({"name": "acme"})
        dav.site.application.account_store_mappings.create({"application": dav.site.application, "account_store": acme})
        acme.accounts.create({"username": "bob", "email": "bob@example.org", "password": PASSWORD})
        assert dav.ask("bob").text == "bob acme:bob Proved"

    @pytest.mark.parametrize("password", ["Pass:word 1", "ab.Cd 1234567", f"{'Z' * 25}.Cd 1", "Ünïcödé Aa1"])
    def test_may_hold_colons_dots_and_all_letters(self, dav: Dav, password: str) -> None:
        dav.ada.password = password
        dav.ada.save()
        assert dav.asks("ada", password) == 200

    def test_is_asked_for_anew_when_the_time_is_over(self) -> None:
        with served(cache_ttl=1) as dav:
            sessions, moment = dav.site.middleware.sessions, [time.time()]
            passwords = AccountPasswords(
                dav.site.client, dav.site.application, dav.site.middleware.settings, told=sessions.told,
                generation=sessions.generation, origin=sessions.origin, asks_more=lambda account, origin: False,
                now=lambda: moment[0],
            )  # fmt: skip
            for passed, hashes in ((0, 1), (0.9, 1), (0.2, 2), (-1, 3)):
                moment[0] += passed
                found = passwords.find({"wsgi.url_scheme": "https"}, "ada", PASSWORD)
                assert (found.account.href, dav.hashes) == (dav.ada.href, hashes)

    def test_beside_a_wrong_one_counts(self, dav: Dav) -> None:
        assert [dav.asks("ada", OTHER), dav.asks(), dav.asks("ada", OTHER), dav.asks()] == [401, 200, 401, 200]
        assert dav.hasher.compared == [OTHER, PASSWORD, OTHER]
        assert dav.outcomes() == ["WRONG_PASSWORD", "SignedIn", "WRONG_PASSWORD"]

    def test_is_kept_nowhere(self, dav: Dav) -> None:
        assert dav.asks("ada@example.org") == 200
        dav.hasher.compared.clear()
        passwords = dav.site.middleware.credentials._in_header[1]._passwords  # type: ignore[attr-defined]
        (known,) = passwords._known._answers.items()
        seen, left = set[int](), [known]
        while left:
            each = left.pop()
            if id(each) in seen or isinstance(each, type) or type(each).__module__.startswith("stormpath_wsgi.client"):
                continue
            seen.add(id(each))
            assert not (
                isinstance(each, str | bytes) and (PASSWORD in str(each) or PASSWORD.encode() in repr(each).encode())
            )
            left += gc.get_referents(each)


class TestOnTheNextRequestCounts:
    def test_a_new_password(self, dav: Dav) -> None:
        assert dav.asks() == 200
        dav.ada.password = OTHER
        dav.ada.save()
        assert [dav.asks(), dav.asks("ada", OTHER)] == [401, 200]

    def test_that_the_account_is_disabled(self, dav: Dav) -> None:
        assert dav.asks() == 200
        dav.ada.status = "DISABLED"
        dav.ada.save()
        answer = dav.ask()
        assert (answer.status_code, answer.json) == (401, REFUSED)
        assert dav.outcomes() == ["SignedIn", "ACCOUNT_DISABLED"]

    def test_that_the_account_is_gone(self, dav: Dav) -> None:
        assert dav.asks() == 200
        dav.ada.delete()
        assert dav.asks() == 401

    def test_a_sign_out_everywhere(self, dav: Dav) -> None:
        """It ends sessions. The password is as good as it was, and is compared again."""
        dav.site.cookie(dav.ada)
        assert dav.asks() == 200
        for token in dav.ada.refresh_tokens:
            token.delete()
        assert (dav.asks(), dav.hashes) == (200, 2)

    def test_that_the_application_takes_no_more_of_its_directory(self, dav: Dav) -> None:
        assert dav.asks() == 200
        for mapping in dav.site.application.account_store_mappings:
            mapping.delete()
        assert dav.asks() == 401


class TestWhoIsRefused:
    @pytest.mark.parametrize(("login", "password"), [("ada", OTHER), ("nobody", PASSWORD), ("x" * 1000, "y" * 1000)])
    def test_looks_the_same_and_costs_the_same(self, dav: Dav, login: str, password: str) -> None:
        dav.asks("bob", "the decoy is made")
        dav.hasher.compared.clear()
        answer = dav.ask(login, password)
        assert (answer.status_code, answer.json) == (401, REFUSED)
        assert answer.headers.getlist("WWW-Authenticate") == ['Basic realm="stormpath", charset="UTF-8"']
        assert dav.hasher.compared == [password]

    @pytest.mark.parametrize(("login", "password"), [("", PASSWORD), ("ada", ""), (" ", " "), ("ada", "y" * 1100)])
    def test_has_sent_what_can_be_no_password(self, dav: Dav, login: str, password: str) -> None:
        assert (dav.asks(login, password), dav.hashes) == (401, 0)

    @pytest.mark.parametrize(
        "given", [b"ada:\xff\xfe", b"\xe4da:Correct horse 1", b"ada", b"ada:" + b"y" * 4000, b"a\0da:x", b"ada:\0" * 3]
    )
    def test_may_send_any_bytes(self, dav: Dav, given: bytes) -> None:
        assert dav.asks(header=f"Basic {base64.b64encode(given).decode()}") == 401

    @pytest.mark.parametrize("path", ["/secret", "/secret/dav"])
    def test_asks_below_a_path_that_offers_no_basic(self, dav: Dav, path: str) -> None:
        assert (dav.asks(path=path), dav.hashes) == (401, 0)

    def test_asks_a_site_that_has_not_allowed_it(self) -> None:
        with served(basic={}) as dav:
            assert (dav.asks(), dav.hashes) == (401, 0)

    def test_asks_over_plain_http(self, dav: Dav, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "stormpath_wsgi.web.basic")
        assert (dav.asks(scheme="http"), dav.hashes, dav.told) == (401, 0, [])
        assert "a password is taken over https only" in caplog.text
        assert dav.asks() == 200
        assert dav.asks(scheme="http") == 401  # what is remembered is not looked at either
        assert PASSWORD not in caplog.text

    def test_is_nobody_over_http_behind_a_proxy_that_speaks_https(self) -> None:
        with served(session={"cookie_secure": True}) as dav:
            assert dav.asks(scheme="http") == 200

    def test_by_a_listener_costs_no_hash(self, dav: Dav) -> None:
        def refuse(event: SignInStarts) -> None:
            raise Declined(f"not you, {event.login}")

        dav.site.middleware.events.listen(SignInStarts, refuse)
        answer = dav.ask()
        assert (answer.status_code, answer.json, dav.hashes) == (401, REFUSED, 0)
        assert dav.outcomes() == ["REFUSED_BY_LISTENER"]

    def test_while_the_directory_is_away_is_no_stranger(self, tmp_path: Path) -> None:
        file = tmp_path / "accounts.db"
        with served(directory=f"sqlite:///{file}") as dav:
            dav.site.client.data_store.close()
            file.write_bytes(b"no database" * 1000)
            answer = dav.ask()
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
            assert dav.outcomes() == []


class TestASecondFactor:
    def add(self, account: Account) -> Any:
        factor = account.factors.create({"type": "google-authenticator"})
        now = dt.datetime.now(dt.UTC)
        assert factor.challenge_factor(code=pyotp.TOTP(factor.secret).at(now)).is_successful()
        return factor

    def test_makes_the_password_alone_worthless(self, dav: Dav) -> None:
        assert dav.asks() == 200
        factor = self.add(dav.ada)
        answer = dav.ask()
        assert (answer.status_code, answer.json) == (401, REFUSED)
        assert dav.outcomes() == ["SignedIn", "MORE_IS_ASKED"]
        factor.status = "DISABLED"
        factor.save()
        assert dav.asks() == 200

    def test_that_was_never_verified_does_not(self, dav: Dav) -> None:
        dav.ada.factors.create({"type": "google-authenticator"})
        assert dav.asks() == 200

    def test_that_a_step_of_the_sign_in_asks_for_does(self, dav: Dav) -> None:
        dav.site.middleware.flows.sign_in.add_step(Asks())
        assert (dav.asks(), dav.outcomes()) == (401, ["MORE_IS_ASKED"])

    def test_does_not_matter_to_an_api_key(self, dav: Dav) -> None:
        self.add(dav.ada)
        key = dav.ada.api_keys.create()
        answers = [dav.ask(key.id, key.secret), dav.ask("ada", f"{key.id}.{key.secret}")]
        assert [answer.status_code for answer in answers] == [200, 200]


class TestAnApiKey:
    def test_is_never_compared_with_a_password(self, dav: Dav) -> None:
        key = dav.ada.api_keys.create()
        pairs = [(key.id, key.secret), ("ada", f"{key.id}.{key.secret}")]
        assert [dav.asks(*pair) for pair in pairs] == [200, 200]
        assert [dav.asks(*pair, scheme="http") for pair in pairs] == [200, 200]
        key.delete()
        assert [dav.asks(*pair) for pair in pairs] == [401, 401]
        assert (dav.hashes, dav.outcomes()) == (0, [])

    def test_is_a_text_like_any_other_where_its_shape_is_not_taken(self) -> None:
        with served(basic={"password": True, "api_key": False, "login_name": False}) as dav:
            password = f"{'A1' * 12}B.{'x' * 43}"
            dav.ada.password = password
            dav.ada.save()
            assert dav.asks("ada", password) == 200


class TestWrongApiKeys:
    def test_are_held_up_by_address_and_a_right_one_never_is(self, dav: Dav) -> None:
        key = dav.ada.api_keys.create()
        wrong = [(key.id, "x" * 43), ("ada", f"{'Z' * 25}.{'y' * 43}")] * 10
        assert {dav.asks(*pair) for pair in [*wrong, wrong[0]]} == {401}
        answer = dav.ask(*wrong[0])
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
        assert dav.asks(*wrong[0], address="192.0.2.2") == 401
        assert [dav.asks(key.id, key.secret), dav.asks()] == [200, 200]
        (wait,) = [each for each in dav.told if isinstance(each, WaitBegan)]
        assert (wait.limit, wait.address) == ("apiKey", "192.0.2.1")

    def test_of_a_name_that_is_not_the_keys_are_no_guess(self, dav: Dav) -> None:
        key = dav.ada.api_keys.create()
        assert {dav.asks("bob", f"{key.id}.{key.secret}") for _ in range(25)} == {401}


class TestGuessing:
    def test_is_held_up_as_at_a_sign_in(self, dav: Dav) -> None:
        for number in range(6):
            assert dav.asks("ada", f"wrong {number}") == 401
        hashes = dav.hashes
        answer = dav.ask()
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
        assert answer.json == {"status": 429, "message": "Too many tries. Please wait 1 second and try again."}
        assert "WWW-Authenticate" not in answer.headers
        assert dav.hashes == hashes
        assert dav.asks(address="192.0.2.2") == 200
        assert "TOO_MANY_TRIES" not in dav.outcomes()

    def test_that_is_not_looked_at_is_no_failure_and_no_line(self, dav: Dav, caplog: pytest.LogCaptureFixture) -> None:
        for number in range(6):
            dav.ask("ada", f"wrong {number}")
        dav.told.clear()
        with caplog.at_level(logging.DEBUG):
            assert dav.asks() == 429
        assert dav.told == []
        assert [record for record in caplog.records if record.name.startswith("stormpath_wsgi")] == []

    def test_does_not_hold_up_who_is_known(self, dav: Dav) -> None:
        assert dav.asks() == 200
        for number in range(8):
            dav.asks("ada", f"wrong {number}")
        assert dav.asks() == 200
        assert dav.asks("ada", "wrong again") == 429

    def test_is_told_by_our_own_page_too(self) -> None:
        with served(protect={"/": {"policy": "login", "challenge": "basic"}}) as dav:
            for number in range(6):
                assert dav.asks("ada", f"wrong {number}", "/me") == 401
            answer = dav.ask(path="/me")
            assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")

    def test_of_names_that_nobody_has_is_held_up_the_same(self, dav: Dav) -> None:
        told = [[dav.ask(login, f"wrong {number}") for number in range(7)] for login in ("ada", "nobody")]
        ada, nobody = ([(each.status_code, each.get_data()) for each in answers] for answers in told)
        assert ada == nobody
        assert ada[-1][0] == 429

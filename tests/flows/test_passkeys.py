"""Passkeys as people use them on our pages."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from support.authenticator import Device
from support.browsing import PASSWORD, Visit, make_site, passkey_form
from support.questions import Asks
from support.questions import site as questions
from support.second_factors import Phone

from stormpath_wsgi import StormpathMiddleware, second_factor_required
from stormpath_wsgi.client import Account
from stormpath_wsgi.events import AfterEvent, PasskeyAdded, PasskeyRemoved, ProvedAgain, SignedIn, SignInFailed
from stormpath_wsgi.flows.passkey_challenges import LIFETIME

ADDRESS = "https://site.example"
NOT_CONFIRMED = "Your device did not confirm. Try again, or use your password."


class Browser(Visit):
    """A browser with a device, at a site that knows its address."""

    def __init__(self, site: StormpathMiddleware) -> None:
        super().__init__(site=site)
        self.device = Device(origin=ADDRESS)

    def asked(self, address: str) -> tuple[Any, dict[str, Any]]:
        """The form that a passkey answers, and what it asks for."""
        page = self.get(address)
        return passkey_form(page), json.loads(page.html.select_one(".passkey")["data-options"])

    def adds(self, name: str = "My phone") -> Any:
        form, options = self.asked("/account?change=add-passkey")
        form["passkey"], form["name"] = self.device.make(options), name
        return form.submit()

    def comes_in(self, *, again: bool = False, **changes: Any) -> Any:
        form, options = self.asked("/account/fresh" if again else "/login")
        form["passkey"] = self.device.use(options, **changes)
        return form.submit()

    def at_the_second_factor(self, way: str) -> tuple[Any, dict[str, Any]]:
        """The form of that way, after the right password."""
        form = next(each for each in self.get("/login").forms.values() if "password" in each.fields)
        form["login"], form["password"] = "ada@example.org", PASSWORD
        return self.asked(f"{form.submit(status=302).headers['Location']}&way={way}")

    def opens(self, panel: str) -> Any:
        """The form of the panel of the first passkey."""
        link = self.get("/account").html.find("a", href=lambda href: href and panel in href)
        forms = self.get(link["href"].partition("#")[0]).forms.values()
        return next(form for form in forms if "action" in form.fields and form["action"].value == panel)

    def rows(self) -> list[str]:
        page = self.get("/account").html
        return [" ".join(row.get_text().split()) for row in page.find(id="sign-in").find_all(class_="row-text")]


def made(**settings: Any) -> StormpathMiddleware:
    protect = {"/vault": second_factor_required}
    return make_site(questions, **settings, web={"baseUrl": ADDRESS}, protect=protect)


@pytest.fixture(scope="module")
def site() -> Iterator[StormpathMiddleware]:
    site = made()
    with closing(site.client):
        yield site


@pytest.fixture
def ada(site: StormpathMiddleware) -> Iterator[Account]:
    account = Visit(site=site).account()
    yield account
    account.delete()


@pytest.fixture
def browser(site: StormpathMiddleware, ada: Account) -> Browser:
    """Ada's, with a passkey of hers. Nobody is signed in."""
    browser = Browser(site)
    browser.sign_in()
    browser.adds()
    browser.reset()
    return browser


@pytest.fixture
def told(site: StormpathMiddleware, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> list[AfterEvent]:
    events: list[AfterEvent] = []
    monkeypatch.setattr(site.events, "_heard", (*site.events._heard, (AfterEvent, events.append)))
    return events


def is_in(browser: Visit) -> bool:
    return "user: ada@example.org" in browser.get("/")


def long_ago(site: StormpathMiddleware, browser: Visit) -> None:
    """Ada signs in by her password, and it is an hour ago."""
    now = site.sessions.now
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(site.sessions, "now", lambda: now() - 3600)
        browser.sign_in()


def test_a_passkey_is_added_signs_in_and_is_removed_over_either_end_of_the_data_store(
    directory: dict[str, Any],
) -> None:
    with closing((site := made(**directory)).client):
        told: list[AfterEvent] = []
        Visit(site=site).account()
        site.events.listen(AfterEvent, told.append)
        browser = Browser(site)
        browser.sign_in()
        assert browser.rows()[-1] == "No passkey yet. It signs you in with your fingerprint, face or PIN."
        assert browser.adds().headers["Location"] == "/account?status=passkey-added"
        assert "You can sign in with it." in browser.get("/account?status=passkey-added")
        assert browser.rows()[-1].startswith("My phone Passkey · added ")
        browser.reset()
        assert NOT_CONFIRMED in browser.comes_in(signature=b"forged")
        assert browser.comes_in().headers["Location"] == "/"
        assert is_in(browser)
        assert "never used" not in browser.rows()[-1]
        browser.opens("remove-passkey").submit(status=303)
        browser.reset()
        assert NOT_CONFIRMED in browser.comes_in()
        kinds = [type(event) for event in told]
        assert kinds == [SignedIn, PasskeyAdded, SignInFailed, SignedIn, PasskeyRemoved, SignInFailed]
        assert [event.credential for event in told if isinstance(event, SignedIn)] == ["password", "passkey"]


def test_the_sign_in_page_asks_for_anybodys_passkey(browser: Browser, ada: Account) -> None:
    page = browser.get("/login")
    assert page.html.find(id="login")["autocomplete"] == "username webauthn"
    _, options = browser.asked("/login")
    assert (options["rpId"], options["allowCredentials"]) == ("site.example", [])
    assert options["userVerification"] == "required"
    assert page.html.select_one(".passkey").has_attr("hidden")  # until a script shows it


def test_an_account_is_asked_for_a_key_that_it_does_not_have(site: StormpathMiddleware, browser: Browser) -> None:
    browser.sign_in()
    _, options = browser.asked("/account?change=add-passkey")
    assert [each["id"] for each in options["excludeCredentials"]] == [browser.device.keys[0].name]
    assert options["user"]["name"] == "ada@example.org"
    assert "ada" not in options["user"]["id"].lower()


def test_what_is_not_accepted_says_nothing_of_an_account(browser: Browser, told: list[AfterEvent]) -> None:
    changes: list[dict[str, Any]] = [
        {"client": {"origin": "https://other.example"}},
        {"client": {"crossOrigin": True}},
        {"rp_id": "other.example"},
        {"signature": b"forged"},
        {"user": None},
    ]
    for each in changes:
        page = browser.comes_in(**each)
        assert (page.status_code, NOT_CONFIRMED in page, is_in(browser)) == (200, True, False), each
    failed = [(event.reason, event.credential) for event in told if isinstance(event, SignInFailed)]
    assert failed == [("PASSKEY_REFUSED", "passkey")] * len(changes)


def test_a_passkey_that_nobody_has_is_told_the_same_and_forgotten(browser: Browser, site: StormpathMiddleware) -> None:
    stranger = Browser(site)
    form, options = stranger.asked("/login")
    stranger.device.make({**options, "rp": {"id": "site.example"}, "user": {"id": "YWRh"}})
    form["passkey"] = stranger.device.use(options)
    page = form.submit()
    assert (page.status_code, NOT_CONFIRMED in page) == (200, True)
    forget = json.loads(page.html.find(attrs={"data-forget": True})["data-forget"])
    assert forget == {"rpId": "site.example", "credentialId": stranger.device.keys[0].name}


def test_a_challenge_is_good_in_one_browser(site: StormpathMiddleware, browser: Browser) -> None:
    form, options = browser.asked("/login")
    thief = Browser(site)
    other, _ = thief.asked("/login")
    other["challenge"], other["passkey"] = form["challenge"].value, browser.device.use(options)
    assert NOT_CONFIRMED in other.submit()
    assert not is_in(thief)


def test_a_challenge_is_good_for_one_thing(site: StormpathMiddleware, browser: Browser, ada: Account) -> None:
    """What was signed to prove who is there signs nobody in elsewhere."""
    browser.sign_in()
    session = site.sessions.open(dict(browser.get("/").request.environ))
    proof = site.flows.passkeys.to_prove(session, ada, alone=True)
    assert proof is not None
    form, options = browser.asked("/login?status=forbidden")
    form["challenge"] = proof.challenge
    form["passkey"] = browser.device.use({**options, "challenge": proof.options["challenge"]})
    assert NOT_CONFIRMED in form.submit()


def test_an_old_challenge_asks_for_another_try(
    site: StormpathMiddleware, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site.flows.passkeys._challenges, "_now", lambda: time.time() - LIFETIME)
    form, options = browser.asked("/login")
    monkeypatch.undo()
    form["passkey"] = browser.device.use(options)
    page = form.submit(status=403)
    assert "This page was open too long" in page
    browser.comes_in()
    assert is_in(browser)


def test_an_answer_is_taken_once(browser: Browser) -> None:
    form, options = browser.asked("/login")
    sent = {"challenge": form["challenge"].value, "passkey": browser.device.use(options)}
    browser.post_json("/login", sent, headers={"Accept": "application/json"}, status=200)
    again = browser.post_json("/login", sent, headers={"Accept": "application/json"}, status=400)
    assert again.json["message"] == NOT_CONFIRMED


def test_what_is_no_answer_is_told_the_same(browser: Browser) -> None:
    for answer in ("", "x", "{}", "[" * 16_000, "[" * 50_000, '{"id": "' + "x" * 2000 + '"}'):
        form, _ = browser.asked("/login")
        form["passkey"] = answer
        assert NOT_CONFIRMED in form.submit(), answer[:20]


def test_a_challenge_that_is_not_ours_is_no_try(browser: Browser, told: list[AfterEvent]) -> None:
    """Else strangers could fill the audit with failed sign-ins."""
    form, options = browser.asked("/login")
    form["challenge"], form["passkey"] = "made up", browser.device.use(options)
    form.submit(expect_errors=True)
    assert [event for event in told if isinstance(event, SignInFailed)] == []


def test_many_wrong_answers_from_one_address_have_to_wait() -> None:
    limits = {"address": "2 tries, waits 1m to 5m, one back after 5m"}
    site = make_site(web={"baseUrl": ADDRESS}, limits=limits)
    with closing(site.client):
        browser = Browser(site)
        browser.extra_environ["REMOTE_ADDR"] = "198.51.100.7"
        browser.account()
        browser.sign_in()
        browser.adds()
        browser.post("/logout", headers={"Accept": "application/json"})
        for _ in range(3):
            assert NOT_CONFIRMED in browser.comes_in(signature=b"forged")
        form, options = browser.asked("/login")
        form["passkey"] = browser.device.use(options)
        refused = form.submit(status=429)
        assert int(refused.headers["Retry-After"]) > 0
        browser.extra_environ["REMOTE_ADDR"] = "203.0.113.9"
        assert browser.comes_in().status_code == 302


def test_a_megabyte_is_not_read(browser: Browser) -> None:
    form, _ = browser.asked("/login")
    form["passkey"] = "[" * 1_000_000
    assert form.submit(expect_errors=True).status_code == 413


def test_programs_sign_in_too(browser: Browser) -> None:
    form, options = browser.asked("/login")
    wrong = {"challenge": form["challenge"].value, "passkey": browser.device.use(options, signature=b"forged")}
    refused = browser.post_json("/login", wrong, headers={"Accept": "application/json"}, expect_errors=True)
    assert (refused.status_code, refused.json["message"]) == (400, NOT_CONFIRMED)
    right = {"challenge": form["challenge"].value, "passkey": browser.device.use(options)}
    answer = browser.post_json("/login", right, headers={"Accept": "application/json"})
    assert answer.json["account"]["email"] == "ada@example.org"


def test_a_passkey_is_two_factors(
    site: StormpathMiddleware, browser: Browser, ada: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever must prove a second factor beside the password is not asked after a passkey. Other steps are asked."""
    Phone(ada)
    assert browser.comes_in().headers["Location"] == "/"
    assert browser.get("/vault").status_code == 200
    browser.reset()
    sign_in = site.flows.sign_in
    monkeypatch.setattr(sign_in, "_steps", (*sign_in._steps, Asks("colour")))
    assert browser.comes_in().headers["Location"].startswith("/question?pending=")


def test_the_count_of_a_copied_key_is_told(browser: Browser, told: list[AfterEvent]) -> None:
    browser.comes_in()
    browser.reset()
    browser.device.keys[0].count -= 1
    assert NOT_CONFIRMED in browser.comes_in()
    failed = told[-1]
    assert isinstance(failed, SignInFailed)
    assert failed.reason == "PASSKEY_COUNT"


def test_a_passkey_proves_that_it_is_still_the_same_person(
    site: StormpathMiddleware, browser: Browser, told: list[AfterEvent]
) -> None:
    long_ago(site, browser)
    assert "/account/fresh" in browser.get("/account?change=add-passkey", status=303).headers["Location"]
    assert browser.comes_in(again=True).headers["Location"] == "/account"
    assert isinstance(told[-1], ProvedAgain)
    assert told[-1].credential == "passkey"
    browser.get("/account?change=add-passkey", status=200)


def test_nobody_adds_a_passkey_in_a_browser_that_was_left_open(
    site: StormpathMiddleware, browser: Browser, ada: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.sign_in()
    form, options = browser.asked("/account?change=add-passkey")
    form["passkey"], form["name"] = browser.device.make(options), "Of a thief"
    now = site.sessions.now
    monkeypatch.setattr(site.sessions, "now", lambda: now() + 3600)
    assert "/account/fresh" in form.submit(status=303).headers["Location"]
    assert len(site.flows.passkeys.held(ada)) == 1


def test_a_passkey_is_renamed_and_removed(browser: Browser, told: list[AfterEvent]) -> None:
    browser.sign_in()
    (key,) = browser.device.keys
    form = browser.opens("rename-passkey")
    form["name"] = ""
    assert "Enter a name for the passkey." in form.submit(status=200)
    form["name"] = "Blue phone"
    form.submit(status=303)
    assert browser.rows()[-1].startswith("Blue phone ")
    assert browser.opens("remove-passkey").submit(status=303).headers["Location"] == "/account?status=passkey-removed"
    assert type(told[-1]) is PasskeyRemoved
    known = json.loads(browser.get("/account").html.find(attrs={"data-known": True})["data-known"])
    assert (known["rpId"], known["allAcceptedCredentialIds"]) == ("site.example", [])
    browser.reset()
    assert NOT_CONFIRMED in browser.comes_in()
    assert key.count == 1


def test_the_passkey_of_somebody_else_is_left_alone(site: StormpathMiddleware, browser: Browser, ada: Account) -> None:
    (passkey,) = site.flows.passkeys.held(ada)
    eve = Browser(site)
    account = eve.account("eve@example.org")
    eve.sign_in("eve@example.org")
    eve.adds()
    form = next(iter(eve.get("/account?change=remove-passkey").forms.values()))
    token = form["csrfToken"].value
    for action in ("remove-passkey", "rename-passkey"):
        sent = {"action": action, "row": passkey.id, "name": "Eve's", "csrfToken": token}
        assert "That passkey is not one of yours." in eve.post("/account", sent, expect_errors=True)
    assert [each.name for each in site.flows.passkeys.held(ada)] == ["My phone"]
    account.delete()


# As a second factor.


def test_a_passkey_stands_in_for_an_app(site: StormpathMiddleware, browser: Browser, ada: Account) -> None:
    Phone(ada)
    form, options = browser.at_the_second_factor("passkey")
    assert [each["id"] for each in options["allowCredentials"]] == [browser.device.keys[0].name]
    form["passkey"] = browser.device.use(options, signature=b"forged")
    page = form.submit()
    assert "Your device did not confirm. Try again, or use another way." in page
    form, options = browser.at_the_second_factor("passkey")
    form["passkey"] = browser.device.use(options)
    assert form.submit().headers["Location"] == "/"
    assert is_in(browser)


def test_a_passkey_alone_is_not_asked_for_after_the_password(browser: Browser) -> None:
    """On a device without it nobody could sign in."""
    browser.sign_in()
    assert is_in(browser)


def test_a_security_key_without_a_pin_is_asked_for_after_the_password(
    site: StormpathMiddleware, ada: Account, told: list[AfterEvent]
) -> None:
    browser = Browser(site)
    browser.device.verifies = False
    browser.sign_in()
    page = browser.adds("Blue key")
    assert "once without your security key" in page
    assert len(page.html.find("ul", class_="codes").find_all("li")) == 10
    browser.get("/vault", status=200)  # it was proved just now
    assert browser.adds("Spare key").headers["Location"] == "/account?status=key-added"
    assert "you are asked for it when you sign in" in browser.get("/account?status=key-added")
    assert "Blue key Security key" in browser.rows()[-2]
    browser.reset()
    form, options = browser.at_the_second_factor("security-key")
    assert options["userVerification"] == "preferred"
    form["passkey"] = browser.device.use(options)
    form.submit(status=302)
    assert is_in(browser)
    signed_in = told[-1]
    assert isinstance(signed_in, SignedIn)
    assert (signed_in.credential, signed_in.factor) == ("password", "security-key")


def test_a_key_that_is_not_of_the_account_is_no_second_factor(browser: Browser, ada: Account) -> None:
    Phone(ada)
    form, options = browser.at_the_second_factor("passkey")
    browser.device.make({**options, "rp": {"id": "site.example"}, "user": {"id": "YWRh"}})
    form["passkey"] = browser.device.use(options, browser.device.keys[-1])
    assert "Your device did not confirm." in form.submit()
    assert not is_in(browser)

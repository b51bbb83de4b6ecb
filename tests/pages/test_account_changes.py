"""Another address and another password, on the account page: from the form to the mail that arrives, and back."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import pytest
from support.browsing import PASSWORD, Visit, make_site
from support.post import text
from support.post_office import PostOffice, post_office
from support.servers import served_api

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.events import AfterEvent, EmailChanged, PasswordChanged
from stormpath_wsgi.settings import MailSettings

NEW = "Another-horse-8"


@dataclass
class World:
    """A site that sends mail. Every test has an account of its own."""

    site: StormpathMiddleware
    office: PostOffice
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def visit(self) -> Visit:
        """Somebody who has just signed in. *name* of the visit: the part of the address before the @."""
        visit = Visit(site=self.site)
        visit.name = f"ada{next(self.numbers)}"
        visit.account(f"{visit.name}@example.org")
        visit.sign_in(f"{visit.name}@example.org")
        return visit

    def mail(self, to: str) -> EmailMessage:
        """The next mail to that address. Those of tests before may be on their way still."""
        while (mail := self.office.next())["To"] != to:
            pass
        return mail

    def link(self, visit: Visit, to: str = "new-") -> str:
        """The path of the link in the next mail to the new address of *visit*, or with "" to the old one."""
        return (
            "/account/email?sptoken="
            + text(self.mail(f"{to}{visit.name}@example.org")).partition("sptoken=")[2].split()[0]
        )


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    with post_office() as opened:
        yield opened


@pytest.fixture(scope="module")
def world(office: PostOffice) -> Iterator[World]:
    """With the directory in the process."""
    made = make_site(mail={"url": office.url}, web={"baseUrl": "https://site.example"})
    with closing(made.client):
        yield World(made, office)


@pytest.fixture(scope="module")
def remote(office: PostOffice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """With a directory behind the REST API, whose machine sends the mail."""
    mail = MailSettings(url=office.url, site="https://site.example")
    with served_api(f"sqlite:///{tmp_path_factory.mktemp('remote')}/accounts.db", mail=mail) as opening:
        client = {"apiKey": {"id": opening["id"], "secret": opening["secret"]}}
        made = make_site(directory=opening["url"], application={"name": "My Application"}, client=client)
        with closing(made.client):
            yield World(made, office)


@pytest.fixture(params=["world", "remote"])
def either(request: pytest.FixtureRequest) -> World:
    """With a directory in the process, and with one behind the REST API."""
    found: World = request.getfixturevalue(request.param)
    return found


def panel(visit: Visit, name: str) -> Any:
    return visit.get(f"/account?change={name}").forms[1]


def begin(visit: Visit, email: str) -> Any:
    form = panel(visit, "email")
    form["email"] = email
    return form.submit(status=303)


def press(visit: Visit, address: str) -> Any:
    """Opens the link of a mail and presses the button there."""
    return visit.get(address).form.submit(status="*")


class TestAnotherAddress:
    def test_waits_until_its_mail_is_opened_and_the_button_is_pressed(self, either: World) -> None:
        told: list[AfterEvent] = []
        either.site.events.listen(EmailChanged, told.append)
        visit = either.visit()
        assert begin(visit, f"new-{visit.name}@example.org").headers["Location"] == "/account"
        page = visit.get("/account")
        assert f"new-{visit.name}@example.org takes over once you open our mail there." in page.html.get_text()
        link = either.link(visit)
        reader = Visit(site=either.site)  # a mail scanner opens the link, and more than once
        for _ in range(2):
            assert "Is this your address?" in reader.get(link)
        assert f"{visit.name}@example.org" in visit.get("/account").html.header.get_text()
        assert told == []
        assert press(visit, link).headers["Location"] == "/account?status=email"
        page = visit.get("/account?status=email")
        assert "Your address is changed." in page
        assert f"new-{visit.name}@example.org" in page.html.header.get_text()
        assert "Verified" in page
        [event] = told
        assert isinstance(event, EmailChanged)
        assert (event.old, event.new) == (f"{visit.name}@example.org", f"new-{visit.name}@example.org")
        assert "This link no longer works" in visit.get(link)
        visit.sign_in(f"new-{visit.name}@example.org")

    def test_is_told_to_the_old_one_which_can_take_it_back(self, either: World) -> None:
        visit = either.visit()
        begin(visit, f"new-{visit.name}@example.org")
        press(visit, either.link(visit))
        mail = either.mail(f"{visit.name}@example.org")
        assert f"new-{visit.name}@example.org" in text(mail)
        owner = Visit(site=either.site)
        back = "/account/email?sptoken=" + text(mail).partition("sptoken=")[2].split()[0]
        assert "Change your address back?" in owner.get(back)
        assert visit.is_signed_in()
        done = press(owner, back)
        assert "Your account is yours again" in done and "on its way to you" in done
        assert not visit.is_signed_in()
        assert "/change?sptoken=" in text(either.mail(f"{visit.name}@example.org"))
        visit.sign_in(f"{visit.name}@example.org")
        assert f"{visit.name}@example.org" in visit.get("/account").html.header.get_text()
        assert "This link no longer works" in owner.get(back)

    def test_that_somebody_has_gets_the_same_words_and_its_owner_a_mail(self, world: World) -> None:
        other, visit = world.visit(), world.visit()
        answer = begin(visit, f"{other.name.upper()}@example.org")
        assert answer.headers["Location"] == "/account"
        assert "takes over once you open our mail there." in visit.get("/account")
        mail = world.mail(f"{other.name}@example.org")
        assert "sptoken" not in text(mail)
        assert mail["Subject"].startswith("Your address for")

    def test_is_mailed_again_and_each_of_the_mails_is_good(self, world: World) -> None:
        visit = world.visit()
        begin(visit, f"new-{visit.name}@example.org")
        first = world.link(visit)
        again = visit.get("/account").forms["email-again"]
        assert again.submit(status=303).headers["Location"] == "/account?status=mailed"
        assert world.link(visit) != first
        assert press(visit, first).headers["Location"] == "/account?status=email"
        assert again.submit(status=303)  # a second tab: nothing waits any more, and no mail is sent

    def test_can_be_cancelled_and_its_mail_is_dead_then(self, world: World) -> None:
        visit = world.visit()
        begin(visit, f"new-{visit.name}@example.org")
        link = world.link(visit)
        page = visit.get("/account")
        cancel = next(f for f in page.forms.values() if "action" in f.fields and f["action"].value == "email-cancel")
        assert cancel.submit(status=303).headers["Location"] == "/account?status=cancelled"
        assert cancel.submit(status=303).headers["Location"] == "/account?status=cancelled"  # a double click
        assert "takes over" not in visit.get("/account")
        assert "This link no longer works" in visit.get(link)

    def test_has_to_be_an_address(self, world: World) -> None:
        visit = world.visit()
        for wrong in ("", " ", "no address", "@", "a@b@c", "x" * 300 + "@example.org", "\u202eada"):
            form = panel(visit, "email")
            form["email"] = wrong
            page = form.submit(status=200)
            assert page.html.find("input", {"name": "email"})["aria-invalid"] == "true"
            assert page.forms[1]["email"].value == wrong
            assert "takes over" not in visit.get("/account")

    def test_is_not_the_one_that_counts_already(self, world: World) -> None:
        visit = world.visit()
        form = panel(visit, "email")
        form["email"] = f"{visit.name}@EXAMPLE.org"
        assert "That is your address already." in form.submit(status=200)

    def test_follows_in_the_username_where_that_is_the_address(self, world: World) -> None:
        visit = world.visit()
        begin(visit, f"new-{visit.name}@example.org")
        press(visit, world.link(visit))
        account = world.site.application.authenticate_account(f"new-{visit.name}@example.org", PASSWORD).account
        assert account.username == f"new-{visit.name}@example.org"
        with pytest.raises(Exception, match="no Account"):
            world.site.application.authenticate_account(f"{visit.name}@example.org", PASSWORD)

    def test_that_another_account_has_got_meanwhile_is_refused_clearly(self, world: World) -> None:
        visit = world.visit()
        begin(visit, f"new-{visit.name}@example.org")
        visit.account(f"new-{visit.name}@example.org")
        page = press(visit, world.link(visit))
        assert "Another account has this address by now." in page

    def test_needs_a_good_token(self, world: World) -> None:
        for token in ("", "?sptoken=", "?sptoken=wild", "?sptoken=%00%27", "?sptoken=" + "x" * 3000):
            assert "This link no longer works" in Visit(site=world.site).get(f"/account/email{token}")
            Visit(site=world.site).post(f"/account/email{token}", status=404)

    def test_form_from_elsewhere_does_nothing(self, world: World) -> None:
        visit = world.visit()
        begin(visit, f"new-{visit.name}@example.org")
        link = world.link(visit)
        Visit(site=world.site).post(link, {"csrfToken": "x"}, status=403)
        assert "Is this your address?" in visit.get(link)

    def test_is_asked_for_only_when_the_sign_in_is_fresh(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        visit = world.visit()
        form = panel(visit, "email")
        form["email"] = f"new-{visit.name}@example.org"
        now = world.site.sessions.now
        monkeypatch.setattr(world.site.sessions, "now", lambda: now() + 601)
        asks = "/account/fresh?next=%2Faccount%3Fchange%3Demail&for=email"
        assert form.submit(status=303).headers["Location"] == asks
        assert visit.get("/account?change=email", status=303).headers["Location"] == asks
        assert "takes over" not in visit.get("/account")


class TestAnotherPassword:
    def change(self, visit: Visit, present: str, password: str) -> Any:
        form = panel(visit, "password")
        form["present"], form["password"] = present, password
        return form.submit(status="*")

    def test_signs_out_everywhere_else_and_is_told_by_mail(self, either: World) -> None:
        told: list[AfterEvent] = []
        either.site.events.listen(PasswordChanged, told.append)
        visit = either.visit()
        elsewhere = Visit(site=either.site)
        elsewhere.sign_in(f"{visit.name}@example.org")
        assert self.change(visit, PASSWORD, NEW).headers["Location"] == "/account?status=password"
        said = "Your password is changed. You were signed out everywhere else."
        assert said in visit.get("/account?status=password")
        assert not elsewhere.is_signed_in()
        assert len(told) == 1
        either.mail(f"{visit.name}@example.org")
        either.site.application.authenticate_account(f"{visit.name}@example.org", NEW)  # it counts

    def test_needs_the_present_one(self, world: World) -> None:
        visit = world.visit()
        page = self.change(visit, "wrong", NEW)
        assert "That is not your password." in page
        assert page.forms[1]["password"].value == page.forms[1]["present"].value == ""
        world.site.application.authenticate_account(f"{visit.name}@example.org", PASSWORD)  # it still counts

    def test_has_to_keep_to_the_rules(self, world: World) -> None:
        visit = world.visit()
        for password in ("short", "", "x" * 2000, "alllowercase1"):
            page = self.change(visit, PASSWORD, password)
            assert page.html.find("input", {"name": "password"})["aria-invalid"] == "true"
            world.site.application.authenticate_account(f"{visit.name}@example.org", PASSWORD)  # it still counts

    def test_a_second_save_asks_for_the_new_one(self, world: World) -> None:
        visit = world.visit()
        form = panel(visit, "password")
        form["present"], form["password"] = PASSWORD, NEW
        form.submit(status=303)
        page = form.submit(status="*")
        assert page.status_int in (200, 403)
        assert visit.is_signed_in()

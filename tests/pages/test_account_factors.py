"""Second factors on the account page: added, named, removed; recovery codes; remembered browsers."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import pyotp
import pytest
from support.browsing import PASSWORD, Visit, make_site
from support.second_factors import Phone, asked

from stormpath_wsgi import second_factor_required
from stormpath_wsgi.client import Account
from stormpath_wsgi.events import AfterEvent, FactorAdded, FactorRemoved, RecoveryCodesMade

NUMBER = "+4930901820"


class World:
    """A site whose text messages are kept. Every visitor has an account of her own."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []
        self.out_of_reach = False
        self.site = make_site(
            sms=self._send, web={"look": {"name": "Acme"}}, protect={"/vault": second_factor_required}
        )
        self.told: list[AfterEvent] = []
        self.site.events.listen(AfterEvent, self.told.append)
        self._count = 0

    def _send(self, number: str, text: str) -> None:
        if self.out_of_reach:
            raise ConnectionError
        self.messages.append((number, text))

    def visit(self, *, signed_in: bool = True) -> Visit:
        visit = Visit(site=self.site)
        self._count += 1
        visit.email = f"ada{self._count}@example.org"
        visit.ada = visit.account(visit.email)
        if signed_in:
            visit.sign_in(visit.email)
        return visit

    @property
    def code(self) -> str:
        (code,) = re.findall("[0-9]{6}", self.messages[-1][1])
        return str(code)


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture
def visit(world: World) -> Visit:
    return world.visit()


def form(page: Any, action: str) -> Any:
    return next(form for form in page.forms.values() if "action" in form.fields and form["action"].value == action)


def secret_in(page: Any) -> str:
    return re.sub(r"\s", "", page.html.find("section", id="factors").find("code").text)


def added(visit: Visit) -> tuple[Any, str]:
    """An app is added to the account of *visit*: the page after it, and its secret."""
    page = form(visit.get("/account"), "begin-app").submit()
    adding = form(page, "add-app")
    adding["code"] = pyotp.TOTP(secret_in(page)).now()
    return adding.submit(), secret_in(page)


def rows(page: Any) -> list[str]:
    return [row.text for row in page.html.find("section", id="factors").find_all(class_="row-name")]


def id_of(account: Account) -> str:
    (factor,) = account.second_factor().factors
    return str(factor["href"]).rpartition("/")[2]


class TestAnApp:
    def test_is_added_by_its_code_and_then_asked_for(self, world: World, visit: Visit) -> None:
        world.told.clear()
        page = form(visit.get("/account"), "begin-app").submit()
        section = page.html.find("section", id="factors")
        assert section.find(class_="qr").find("svg") is not None
        assert "img" not in str(section.find(class_="qr"))
        assert re.fullmatch("([A-Z2-7]{4} ){7}[A-Z2-7]{4}", section.find("code").text)
        assert visit.get("/vault", status=302).headers["Location"].startswith("/factor")
        page, secret = added(visit)
        assert secret not in page.text
        codes = [item.text for item in page.html.find("ul", class_="codes").find_all("li")]
        assert len(set(codes)) == 10
        assert all(re.fullmatch("[2-9a-z]{4}-[2-9a-z]{4}", code) for code in codes)
        download = page.html.find("a", download=True)["href"]
        assert unquote(download).split(",", 1)[1].split() == codes
        assert [type(event) for event in world.told if isinstance(event, FactorAdded | RecoveryCodesMade)] == [
            FactorAdded,
            RecoveryCodesMade,
        ]
        assert codes[0] not in visit.get("/account")
        assert rows(visit.get("/account")) == ["Authenticator app", "Recovery codes"]
        assert "10 of 10 left" in visit.get("/account")
        visit.get("/vault", status=404)  # its code was proved in this session
        asked(Visit(site=world.site), visit.email)

    def test_a_wrong_code_shows_the_same_key_again(self, visit: Visit) -> None:
        page = form(visit.get("/account"), "begin-app").submit()
        adding = form(page, "add-app")
        adding["code"] = "12345"
        again = adding.submit()
        assert "That code is not right." in again
        assert secret_in(again) == secret_in(page)
        empty = form(again, "add-app")
        empty["code"] = ""
        assert "Enter the code." in empty.submit()
        assert visit.ada.second_factor().factors == []

    def test_of_somebody_else_cannot_be_added(self, world: World, visit: Visit) -> None:
        other = world.visit()
        hers = other.ada.factors.create({"type": "google-authenticator"})
        adding = form(form(visit.get("/account"), "begin-app").submit(), "add-app")
        for id in (hers.href.rpartition("/")[2], "x" * 22, "", "a/b", "\0"):
            adding["factor"].force_value(id)
            adding["code"] = pyotp.TOTP(hers.secret).now()
            assert adding.submit(status="*").status_int in (200, 400)
        hers.refresh()
        assert not hers.is_verified()

    def test_what_was_begun_and_left_is_not_kept_for_ever(self, visit: Visit) -> None:
        for _ in range(8):
            form(visit.get("/account"), "begin-app").submit()
        assert len(list(visit.ada.factors)) == 5

    def test_is_named_and_removed(self, world: World, visit: Visit) -> None:
        added(visit)
        id = id_of(visit.ada)
        naming = form(visit.get(f"/account?change=rename-factor&row={id}"), "rename-factor")
        naming["name"] = ""
        assert "Enter a name." in naming.submit()
        naming["name"] = " Work phone "
        naming.submit(status=303)
        assert rows(visit.get("/account")) == ["Work phone", "Recovery codes"]
        world.told.clear()
        page = visit.get(f"/account?change=remove-factor&row={id}")
        assert "Remove “Work phone”?" in page
        assert "your password alone lets you in" in page
        assert "It is removed." in form(page, "remove-factor").submit().follow()
        assert [type(event) for event in world.told] == [FactorRemoved]
        assert rows(visit.get("/account")) == ["No second factor yet."]
        assert visit.ada.second_factor().recovery_codes == 0
        other = Visit(site=world.site)
        assert other.fill_in("/login", login=visit.email, password=PASSWORD).headers["Location"] == "/"

    def test_of_two_the_warning_is_another(self, visit: Visit) -> None:
        added(visit)
        Phone(visit.ada)
        id = str(visit.ada.second_factor().factors[0]["href"]).rpartition("/")[2]
        page = visit.get(f"/account?change=remove-factor&row={id}")
        assert "You are not asked for it any more." in page
        form(page, "remove-factor").submit(status=303)
        assert visit.ada.second_factor().recovery_codes == 10

    def test_what_is_not_ones_own_is_neither_named_nor_removed(self, world: World, visit: Visit) -> None:
        added(visit)
        other = world.visit()
        added(other)
        theirs = id_of(other.ada)
        for action in ("rename-factor", "remove-factor"):
            sent = form(visit.get(f"/account?change={action}&row={id_of(visit.ada)}"), action)
            sent["row"].force_value(theirs)
            if action == "rename-factor":
                sent["name"] = "Mine"
            assert "not there any more" in sent.submit(status=400)
        assert other.ada.second_factor().factors[0]["name"] is None


class TestATelephone:
    def test_is_added_by_the_code_that_comes_and_then_asked_for(self, world: World, visit: Visit) -> None:
        begin = form(visit.get("/account?change=new-phone"), "begin-phone")
        begin["number"] = "+49 30 901820"
        proving = form(begin.submit(), "add-phone")
        assert world.messages[-1][0] == NUMBER
        proving["code"] = f"{(int(world.code) + 1) % 10**6:06}"
        proving = form(proving.submit(), "add-phone")
        proving["code"] = world.code
        assert "Save these recovery codes now." in proving.submit()
        assert rows(visit.get("/account")) == ["Telephone", "Recovery codes"]
        assert "+49 … 820" in visit.get("/account")
        other = Visit(site=world.site)
        page = asked(other, visit.email)
        before = len(world.messages)
        page = page.form.submit("send").follow()
        assert len(world.messages) == before + 1
        page.forms[0]["code"] = world.code
        assert page.forms[0].submit(status=302).headers["Location"] == "/"
        assert other.is_signed_in()

    def test_a_code_that_was_sent_is_used_once_and_a_new_one_ends_it(self, world: World, visit: Visit) -> None:
        self._add(world, visit, "+4930901821")
        other = Visit(site=world.site)
        page = asked(other, visit.email).form.submit("send").follow()
        first = world.code
        page.forms[1].submit("send")
        page.forms[0]["code"] = first if first != world.code else "000000"
        assert "That code is not right." in page.forms[0].submit()
        page.forms[0]["code"] = world.code
        page.forms[0].submit(status=302)
        third = Visit(site=world.site)
        page = third.get(asked(third, visit.email).request.url + "&sent=1")
        page.forms[0]["code"] = world.code
        assert "too old" in page.forms[0].submit()

    def test_gets_few_messages(self, world: World, visit: Visit) -> None:
        self._add(world, visit, "+4930901822")
        other = Visit(site=world.site)
        page, before = asked(other, visit.email), len(world.messages)
        statuses = [page.forms[0].submit("send", status="*").status_int for _ in range(12)]
        assert statuses[0] == 302
        assert statuses[-1] == 429
        assert len(world.messages) - before == statuses.count(302)

    @pytest.mark.parametrize("number", ["", "12", "x" * 10_000, "+49 30 901820 ext"])
    def test_a_wrong_number_is_refused_at_its_field(self, visit: Visit, number: str) -> None:
        begin = form(visit.get("/account?change=new-phone"), "begin-phone")
        begin["number"] = number
        assert "Enter a number with its country code" in begin.submit()

    def test_that_is_out_of_reach_does_not_count(self, world: World, visit: Visit) -> None:
        world.out_of_reach = True
        begin = form(visit.get("/account?change=new-phone"), "begin-phone")
        begin["number"] = "+4930901829"
        proving = form(begin.submit(), "add-phone")
        world.out_of_reach = False
        proving["code"] = "123456"
        assert "too old" in proving.submit()

    def test_is_offered_only_where_something_sends_messages(self) -> None:
        visit = Visit()
        visit.account()
        visit.sign_in()
        assert "Add a telephone" not in visit.get("/account")
        page = form(visit.get("/account"), "begin-app")
        page["action"].force_value("begin-phone")
        page.submit(status=400)

    def _add(self, world: World, visit: Visit, number: str) -> None:
        begin = form(visit.get("/account?change=new-phone"), "begin-phone")
        begin["number"] = number
        proving = form(begin.submit(), "add-phone")
        proving["code"] = world.code
        proving.submit()


class TestRecoveryCodes:
    def test_new_ones_are_asked_for_once_more(self, visit: Visit) -> None:
        old = added(visit)[0].html.find("ul", class_="codes").text
        page = visit.get("/account?change=new-codes")
        assert "worth nothing" in page
        made = form(page, "make-codes").submit()
        assert made.html.find("ul", class_="codes").text != old
        assert "Cache-Control" in made.headers and "no-store" in made.headers["Cache-Control"]

    def test_are_for_those_who_have_a_factor(self, visit: Visit) -> None:
        page = form(visit.get("/account"), "begin-app")
        page["action"].force_value("make-codes")
        assert page.submit(status=400)
        assert visit.ada.second_factor().recovery_codes == 0


def test_an_old_sign_in_is_asked_again_first(world: World, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = form(visit.get("/account"), "begin-app")
    now = world.site.sessions.now
    monkeypatch.setattr(world.site.sessions, "now", lambda: now() + 3600)
    answer = begin.submit(status=303)
    assert answer.headers["Location"] == "/account/fresh?next=%2Faccount%3Fchange%3Dnew-app&for=new-app"
    page = answer.follow()
    assert "before you change your second factors" in page
    page.form["password"] = PASSWORD
    page = page.form.submit().follow()
    assert form(form(page, "begin-app").submit(), "add-app")
    assert visit.ada.second_factor().factors == []


def test_it_is_for_people_whom_it_is_offered_to() -> None:
    visit = Visit(web={"secondFactor": {"offeredTo": ["staff"]}})
    account = visit.account()
    visit.application.groups.create({"name": "staff"})
    visit.sign_in()
    assert visit.get("/account").html.find("section", id="factors") is None
    account.add_group("staff")
    assert form(visit.get("/account"), "begin-app")


def test_nobody_sees_it_where_it_is_switched_off() -> None:
    visit = Visit(web={"secondFactor": {"enabled": False}})
    visit.account()
    visit.sign_in()
    assert visit.get("/account").html.find("section", id="factors") is None


def test_a_site_over_another_machine_has_the_same(opened: Any) -> None:
    visit = opened("text/html")
    account = visit.account()
    visit.sign_in()
    page, _ = added(visit)
    assert len(page.html.find("ul", class_="codes").find_all("li")) == 10
    id = id_of(account)
    naming = form(visit.get(f"/account?change=rename-factor&row={id}"), "rename-factor")
    naming["name"] = "Work phone"
    naming.submit(status=303)
    assert rows(visit.get("/account")) == ["Work phone", "Recovery codes"]
    form(visit.get(f"/account?change=remove-factor&row={id}"), "remove-factor").submit(status=303)
    assert rows(visit.get("/account")) == ["No second factor yet."]

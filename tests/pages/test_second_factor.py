"""The page that asks for a second factor."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pyotp
import pytest
from support.browsing import PASSWORD, OpenSite, Visit, make_site
from support.post import text
from support.post_office import PostOffice, post_office
from support.second_factors import Phone, asked, codes_of, pending
from support.servers import served_api

from stormpath_wsgi import StormpathMiddleware, fresh_required, second_factor_required
from stormpath_wsgi.client import Account
from stormpath_wsgi.events import AfterEvent, RecoveryCodeUsed, SignedIn, SignInFailed
from stormpath_wsgi.settings import MailSettings

JSON = {"Accept": "application/json"}
LOGIN = {"login": "ada@example.org", "password": PASSWORD}


@pytest.fixture(scope="module")
def site() -> StormpathMiddleware:
    return make_site(
        web={"look": {"name": "Acme"}, "logout": {"page": True}},
        protect={"/vault": second_factor_required, "/transfer": fresh_required(5), "/keys": "secondFactor"},
    )


@pytest.fixture
def ada(site: StormpathMiddleware) -> Iterator[Account]:
    account = site.application.accounts.create({"email": "ada@example.org", "password": PASSWORD})
    yield account
    account.delete()


@pytest.fixture
def phone(ada: Account) -> Phone:
    return Phone(ada)


@pytest.fixture
def visit(site: StormpathMiddleware) -> Visit:
    return Visit(site=site)


@pytest.fixture
def told(site: StormpathMiddleware, monkeypatch: pytest.MonkeyPatch) -> list[AfterEvent]:
    events: list[AfterEvent] = []
    monkeypatch.setattr(site.events, "_heard", (*site.events._heard, (AfterEvent, events.append)))
    return events


def answer(page: Any, code: str, **more: Any) -> Any:
    form = page.form
    form["code"] = code
    for name, value in more.items():
        form[name] = value
    return form.submit(status="*")


class TestAtTheSignIn:
    def test_a_code_of_the_app_finishes_it(self, visit: Visit, phone: Phone, told: list[AfterEvent]) -> None:
        page = asked(visit, at="/login?next=%2Freports")
        assert "Enter your code" in page
        assert "for Acme" in page
        assert "ada@example.org" in page
        assert not visit.is_signed_in()
        assert answer(page, phone.code()).headers["Location"] == "/reports"
        assert visit.is_signed_in()
        (event,) = [event for event in told if isinstance(event, SignedIn)]
        assert (event.credential, event.factor) == ("password", "app")

    def test_blanks_and_dashes_in_a_code_do_not_matter(self, visit: Visit, phone: Phone) -> None:
        code = phone.code()
        assert answer(asked(visit), f" {code[:3]}-{code[3:]} ").status_int == 302

    def test_who_has_none_is_not_asked(self, visit: Visit, ada: Account) -> None:
        assert visit.fill_in("/login", **LOGIN).headers["Location"] == "/"

    def test_an_app_that_was_never_proved_counts_for_nothing(self, visit: Visit, ada: Account) -> None:
        ada.factors.create({"type": "google-authenticator"})
        assert visit.fill_in("/login", **LOGIN).headers["Location"] == "/"

    def test_an_app_that_is_disabled_counts_for_nothing(self, visit: Visit, phone: Phone) -> None:
        phone.factor.status = "DISABLED"
        phone.factor.save()
        assert visit.fill_in("/login", **LOGIN).headers["Location"] == "/"

    @pytest.mark.parametrize("code", ["000000 ", "12345", "abcdef", "٤٤٤٤٤٤", "0" * 10_000], ids=range(5))
    def test_a_code_that_is_none_is_refused_at_its_field(
        self, visit: Visit, phone: Phone, code: str, told: list[AfterEvent]
    ) -> None:
        wrong = code if code.strip() != phone.code() else phone.wrong_code
        page = answer(asked(visit), wrong)
        assert page.status_int == 200
        assert "<title>Error: Enter your code" in page
        assert "That code is not right." in page
        assert page.form["code"].value == ""
        assert not visit.is_signed_in()
        assert [event.reason for event in told if isinstance(event, SignInFailed)] == ["FACTOR_CODE_WRONG"]

    def test_an_empty_code_is_asked_for(self, visit: Visit, phone: Phone) -> None:
        assert "Enter the code." in answer(asked(visit), " ")

    def test_a_code_is_used_once(self, site: StormpathMiddleware, visit: Visit, phone: Phone) -> None:
        code = phone.code()
        assert answer(asked(visit), code).status_int == 302
        assert "That code is not right." in answer(asked(Visit(site=site)), code)

    def test_a_code_that_the_rest_api_took_is_used(self, visit: Visit, phone: Phone) -> None:
        code = phone.code()
        assert phone.factor.challenges.create({"code": code}).is_successful()
        assert "That code is not right." in answer(asked(visit), code)

    def test_the_code_of_another_account_is_wrong(self, site: StormpathMiddleware, visit: Visit, phone: Phone) -> None:
        bea = site.application.accounts.create({"email": "bea@example.org", "password": PASSWORD})
        assert "That code is not right." in answer(asked(visit), Phone(bea).code())
        bea.delete()

    def test_of_two_apps_either_will_do(self, visit: Visit, ada: Account, phone: Phone) -> None:
        assert answer(asked(visit), Phone(ada).code()).status_int == 302

    def test_guessing_is_held_up(self, site: StormpathMiddleware, visit: Visit, phone: Phone) -> None:
        page = asked(visit)
        answers = [answer(page, phone.wrong_code) for _ in range(7)]
        assert "Too many tries for now" in answers[-1]
        assert answers[-1].status_int == 429
        assert int(answers[-1].headers["Retry-After"]) > 0
        held_up = answer(page, phone.code())
        assert held_up.status_int == 429
        assert not visit.is_signed_in()

    def test_a_browser_that_the_account_knows_is_not_held_up_by_others(
        self, site: StormpathMiddleware, visit: Visit, phone: Phone
    ) -> None:
        answer(asked(visit), phone.code())
        sign_out(visit)
        page = asked(Visit(site=site))
        assert [answer(page, phone.wrong_code).status_int for _ in range(7)][-1] == 429
        assert answer(asked(visit), phone.code()).status_int == 302

    def test_in_two_tabs_the_first_answer_counts(self, visit: Visit, phone: Phone) -> None:
        one, two = asked(visit), asked(visit)
        assert answer(one, phone.code()).status_int == 302
        late = answer(two, phone.code())
        assert late.status_int in (302, 403)
        assert visit.is_signed_in()

    def test_a_sign_in_that_is_over_is_begun_anew(self, visit: Visit, phone: Phone) -> None:
        page = asked(visit, at="/login?next=%2Freports")
        visit.reset()  # another browser, which has the address only
        again = answer(page, phone.code())
        assert again.headers["Location"] == "/login?status=over&next=%2Freports"
        assert "Sign in once more." in again.follow()
        assert visit.get("/factor?pending=x.y", status=302).headers["Location"] == "/login?status=over"

    def test_somebody_else_goes_back_to_the_sign_in_page(self, visit: Visit, phone: Phone) -> None:
        assert asked(visit).html.find("div", class_="chip").a["href"] == "/login"

    def test_a_stranger_without_a_sign_in_is_sent_to_the_sign_in_page(self, site: StormpathMiddleware) -> None:
        visit = Visit(site=site)
        assert visit.get("/factor?next=%2Freports", status=302).headers["Location"] == "/login?next=%2Freports"
        visit.get("/factor", headers=JSON, status=401)
        visit.post_json("/factor", {"code": "123456"}, headers=JSON, status=401)

    def test_it_can_be_switched_off(self) -> None:
        visit = Visit(web={"secondFactor": {"enabled": False}})
        Phone(visit.account())
        assert visit.fill_in("/login", **LOGIN).headers["Location"] == "/"
        visit.get("/factor", status=404)


class TestRecoveryCodes:
    def test_one_lets_in_once(
        self, site: StormpathMiddleware, visit: Visit, phone: Phone, ada: Account, told: list[AfterEvent]
    ) -> None:
        codes = codes_of(ada)
        assert len(codes) == 10
        page = asked(visit).click("Use another way")
        assert "Choose another way" in page
        page = page.click("Recovery code")
        assert "you have 10 left" in page
        code = codes[3].replace("-", " ").upper()
        assert answer(page, code).status_int == 302
        assert visit.is_signed_in()
        (event,) = [event for event in told if isinstance(event, RecoveryCodeUsed)]
        assert event.left == 9
        again = asked(Visit(site=site)).click("Use another way").click("Recovery code")
        assert "you have 9 left" in again
        assert "That code is not right." in answer(again, codes[3])
        assert ada.second_factor().recovery_codes == 9

    def test_a_new_set_takes_the_place_of_the_old_one(self, visit: Visit, phone: Phone, ada: Account) -> None:
        old, new = codes_of(ada), codes_of(ada)
        page = asked(visit).click("Use another way").click("Recovery code")
        assert "That code is not right." in answer(page, old[0])
        assert answer(page, new[0]).status_int == 302

    def test_they_are_stored_as_hashes(self, site: StormpathMiddleware, phone: Phone, ada: Account) -> None:
        codes = codes_of(ada)
        assert "codes" not in str(ada.second_factor()) + repr(ada.second_factor())
        assert not any(code in repr(ada.second_factor().__dict__) for code in codes)

    def test_alone_they_ask_nobody(self, visit: Visit, ada: Account) -> None:
        codes_of(ada)
        assert visit.fill_in("/login", **LOGIN).headers["Location"] == "/"


class TestSinglePageApps:
    def test_one_reads_what_is_asked_and_answers(self, visit: Visit, phone: Phone, ada: Account) -> None:
        begun = visit.post_json("/login", LOGIN, headers=JSON, status=403).json
        assert begun["asks"] == "factor"
        shown = visit.get("/factor", {"pending": begun["pending"]}, headers=JSON).json
        assert (shown["ways"], shown["way"], shown["asked"]) == (["app"], "app", {})
        assert [field["name"] for field in shown["form"]["fields"]] == ["code"]
        sent = {"pending": begun["pending"], "way": "app", "code": phone.wrong_code}
        wrong = visit.post_json("/factor", sent, headers=JSON, status=400).json
        assert wrong == {"status": 400, "message": "That code is not right. Check it, and enter it again."}
        done = visit.post_json("/factor", {**sent, "code": phone.code()}, headers=JSON)
        assert done.json["account"]["email"] == "ada@example.org"
        assert visit.is_signed_in()

    def test_one_may_choose_another_way(self, visit: Visit, phone: Phone, ada: Account) -> None:
        codes = codes_of(ada)
        begun = pending(visit)
        shown = visit.get("/factor", {"pending": begun, "way": "recovery"}, headers=JSON).json
        assert (shown["ways"], shown["way"], shown["asked"]) == (["app", "recovery"], "recovery", {"left": 10})
        visit.post_json("/factor", {"pending": begun, "way": "recovery", "code": codes[0]}, headers=JSON)
        assert visit.is_signed_in()

    @pytest.mark.parametrize("wrong", [{}, {"code": None}, {"code": 123456}, {"code": ["1"]}, {"way": 7, "code": "1"}])
    def test_nonsense_is_refused(self, visit: Visit, phone: Phone, wrong: dict[str, Any]) -> None:
        answer = visit.post_json("/factor", {"pending": pending(visit), **wrong}, headers=JSON, status="4*")
        assert set(answer.json) == {"status", "message"}
        visit.get("/factor?pending=x&way=y", headers=JSON, status=403)


class TestBrowsersThatAreRemembered:
    def test_one_is_not_asked_again(self, visit: Visit, phone: Phone) -> None:
        page = asked(visit)
        assert "Do not ask again on this browser for 30" in page
        answer(page, phone.code(), rememberBrowser=True)
        sign_out(visit)
        assert visit.fill_in("/login", **LOGIN).headers["Location"] == "/"
        assert visit.is_signed_in()

    def test_no_other_browser_is_left_in_peace(self, site: StormpathMiddleware, visit: Visit, phone: Phone) -> None:
        answer(asked(visit), phone.code(), rememberBrowser=True)
        asked(Visit(site=site))
        bea = site.application.accounts.create({"email": "bea@example.org", "password": PASSWORD})
        Phone(bea)
        sign_out(visit)
        asked(visit, "bea@example.org")
        bea.delete()

    def test_nobody_is_who_has_not_asked_for_it(self, visit: Visit, phone: Phone) -> None:
        answer(asked(visit), phone.code())
        sign_out(visit)
        asked(visit)

    @pytest.mark.parametrize("end", ["password", "factors", "forgotten", "elsewhere", "disabled"])
    def test_it_ends_with(self, visit: Visit, phone: Phone, ada: Account, end: str) -> None:
        answer(asked(visit), phone.code(), rememberBrowser=True)
        match end:
            case "password":
                ada.password = PASSWORD
                ada.save()
            case "factors":
                Phone(ada)
            case "forgotten":
                button(visit.get("/account"), "forget-browsers").submit(status=303)
            case "elsewhere":
                session = f"sessions/{visit.cookies['stormpath_session'].split('.')[0]}"
                visit.site.client.data_store.update(f"{visit.site.client.base_url}/{session}", {"only": True})
            case "disabled":
                for status in ("DISABLED", "ENABLED"):
                    ada.status = status
                    ada.save()
        visit.get("/")
        sign_out(visit)
        asked(visit)

    def test_it_ends_after_its_time(self, visit: Visit, phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
        answer(asked(visit), phone.code(), rememberBrowser=True)
        sign_out(visit)
        trusted = visit.site.flows.second_factor.trusted
        now = trusted._now
        monkeypatch.setattr(trusted, "_now", lambda: now() + dt.timedelta(days=30).total_seconds())
        asked(visit)

    def test_a_forged_cookie_is_worth_nothing(self, visit: Visit, phone: Phone) -> None:
        answer(asked(visit), phone.code(), rememberBrowser=True)
        good = visit.cookies["stormpath_trusted"]
        sign_out(visit)
        for forged in (good[:-1] + ("0" if good[-1] != "0" else "1"), "x", "", "~" * 2000, "a.b.c"):
            visit.set_cookie("stormpath_trusted", forged)
            asked(visit)

    def test_it_may_not_be_offered(self) -> None:
        visit = Visit(web={"secondFactor": {"remember": 0}})
        phone = Phone(visit.account())
        page = asked(visit)
        assert "rememberBrowser" not in page.form.fields
        answer = visit.post(page.form.action, {"code": phone.code(), "rememberBrowser": "true"} | _token(page))
        assert answer.status_int == 302
        assert "stormpath_trusted" not in visit.cookies

    def test_it_is_neither_a_fresh_sign_in_nor_a_proof_in_this_session(self, visit: Visit, phone: Phone) -> None:
        answer(asked(visit), phone.code(), rememberBrowser=True)
        assert "app: ada" in visit.get("/transfer", status=404)
        assert "app: ada" in visit.get("/vault", status=404)
        sign_out(visit)
        visit.fill_in("/login", **LOGIN)
        to_fresh = visit.get("/transfer", status=302)
        assert to_fresh.headers["Location"] == "/account/fresh?within=300&next=%2Ftransfer"
        to_factor = to_fresh.follow(status=302)
        assert to_factor.headers["Location"] == "/factor?next=%2Ftransfer"
        assert visit.get("/vault", status=302).headers["Location"] == "/factor?next=%2Fvault"
        assert visit.get("/account?change=new-codes", status=303).headers["Location"].startswith("/account/fresh")
        done = answer(to_factor.follow(), phone.code())
        assert done.headers["Location"] == "/transfer"
        visit.get("/transfer", status=404)
        visit.get("/vault", status=404)

    def test_a_new_password_there_leaves_the_second_factor_due(self, visit: Visit, phone: Phone) -> None:
        answer(asked(visit), phone.code(), rememberBrowser=True)
        sign_out(visit)
        visit.fill_in("/login", **LOGIN)
        form = button(visit.get("/account?change=password"), "password")
        form["present"], form["password"] = PASSWORD, "Another-horse-8"
        form.submit(status=303)
        assert visit.get("/vault", status=302).headers["Location"] == "/factor?next=%2Fvault"
        assert visit.get("/transfer", status=302).headers["Location"].startswith("/account/fresh")
        assert visit.get("/account?change=new-codes", status=303).headers["Location"].startswith("/account/fresh")

    def test_who_has_no_factor_any_more_is_free_of_it_by_the_password(self, visit: Visit, phone: Phone) -> None:
        answer(asked(visit), phone.code(), rememberBrowser=True)
        sign_out(visit)
        visit.fill_in("/login", **LOGIN)
        phone.factor.delete()
        page = visit.get("/account/fresh?next=%2Ftransfer", status=200)
        page.form["password"] = PASSWORD
        assert page.form.submit(status="3*").headers["Location"] == "/transfer"
        visit.get("/transfer", status=404)


class TestPolicies:
    def test_a_session_of_before_it_was_added_owes_it_once_the_password_is_asked_again(
        self, visit: Visit, ada: Account
    ) -> None:
        visit.fill_in("/login", **LOGIN)
        visit.get("/transfer", status=404)
        Phone(ada)  # in another browser
        visit.post_json("/account/fresh", {"password": PASSWORD}, headers=JSON)
        assert visit.get("/transfer", status=302).headers["Location"].startswith("/account/fresh")

    def test_a_session_that_has_proved_one_passes(self, visit: Visit, phone: Phone) -> None:
        answer(asked(visit), phone.code())
        assert "app: ada" in visit.get("/vault", status=404)
        assert "app: ada" in visit.get("/keys", status=404)

    def test_a_stranger_signs_in_first(self, visit: Visit) -> None:
        assert visit.get("/vault", status=302).headers["Location"] == "/login?next=%2Fvault"
        visit.get("/vault", headers=JSON, status=401)

    def test_who_has_none_is_led_to_the_account_page(self, visit: Visit, ada: Account) -> None:
        visit.sign_in()
        page = visit.get("/vault", status=302)
        assert page.headers["Location"] == "/factor?next=%2Fvault"
        page = page.follow(status=302)
        assert page.headers["Location"] == "/account?status=factor-needed"
        assert "needs a second factor" in page.follow()
        visit.get("/vault", headers=JSON, status=403)

    def test_who_signed_in_before_having_one_is_asked_in_the_session(self, visit: Visit, ada: Account) -> None:
        visit.sign_in()
        before = visit.cookies["stormpath_session"]
        phone = Phone(ada)
        page = visit.get("/vault?a=1", status=302).follow()
        assert "Do not ask again" not in page
        assert answer(page, phone.code()).headers["Location"] == "/vault?a=1"
        visit.get("/vault", status=404)
        after = visit.cookies["stormpath_session"]
        assert after.split(".")[0] != before.split(".")[0]
        assert after.split(".")[2] == before.split(".")[2]  # it is no younger than the sign-in
        assert visit.get("/factor", status=302).headers["Location"] == "/"

    def test_a_fresh_sign_in_of_some_minutes_is_asked_for(
        self, visit: Visit, ada: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        visit.sign_in()
        visit.get("/transfer", status=404)
        now = visit.site.sessions.now
        monkeypatch.setattr(visit.site.sessions, "now", lambda: now() + 301)
        page = visit.get("/transfer", status=302).follow()
        assert page.status_int == 200  # the setting session.fresh alone would send on, and so for ever
        form = page.form
        form["password"] = PASSWORD
        assert form.submit(status=302).headers["Location"] == "/transfer"
        visit.get("/transfer", status=404)

    def test_the_password_asked_again_keeps_a_second_factor_that_was_proved_lately(
        self, visit: Visit, phone: Phone, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answer(asked(visit), phone.code())
        now = visit.site.sessions.now
        monkeypatch.setattr(visit.site.sessions, "now", lambda: now() + 301)
        form = visit.get("/transfer", status=302).follow().form
        form["password"] = PASSWORD
        assert form.submit(status=302).headers["Location"] == "/transfer"
        visit.get("/vault", status=404)

    def test_an_old_sign_in_is_asked_for_all_that_it_takes(
        self, visit: Visit, phone: Phone, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answer(asked(visit), phone.code())
        now = visit.site.sessions.now
        monkeypatch.setattr(visit.site.sessions, "now", lambda: now() + 601)
        page = visit.get("/account?change=new-codes", status=303).follow()
        page.form["password"] = PASSWORD
        to_factor = page.form.submit(status=302)
        assert to_factor.headers["Location"] == "/factor?next=%2Faccount%3Fchange%3Dnew-codes"
        assert visit.get("/account?change=new-codes", status=303).headers["Location"].startswith("/account/fresh")
        done = answer(to_factor.follow(), phone.code())
        assert done.headers["Location"] == "/account?change=new-codes"
        assert "make-codes" in done.follow(status=200)
        visit.get("/transfer", status=404)

    def test_an_old_sign_in_owes_no_second_factor_that_is_gone(
        self, visit: Visit, phone: Phone, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answer(asked(visit), phone.code())
        phone.factor.delete()
        now = visit.site.sessions.now
        monkeypatch.setattr(visit.site.sessions, "now", lambda: now() + 601)
        page = visit.get("/account/fresh?next=%2Ftransfer")
        page.form["password"] = PASSWORD
        assert page.form.submit(status=302).headers["Location"] == "/transfer"
        visit.get("/transfer", status=404)

    @pytest.mark.parametrize("wrong", [0, -1, float("inf"), float("nan")])
    def test_a_number_of_minutes_is_above_0(self, wrong: float) -> None:
        with pytest.raises(ValueError, match="above 0"):
            fresh_required(wrong)

    @pytest.mark.parametrize("policy", [second_factor_required, fresh_required, fresh_required(5)])
    def test_they_go_around_an_application(self, policy: Any) -> None:
        with pytest.raises(TypeError, match="goes around a WSGI application"):
            policy("app")


class TestASessionThatHasJustBegun:
    @pytest.fixture
    def visit(self) -> Visit:
        both = {"register": {"autoLogin": True}, "changePassword": {"autoLogin": True}}
        return Visit(web=both, mail={"url": "null:"})

    def reset(self, visit: Visit) -> Any:
        made = visit.application.password_reset_tokens.create({"email": "ada@example.org"})
        link = f"/change?sptoken={made.href.rpartition('/')[2]}"
        return visit.fill_in(link, password="Another-horse-8")

    def test_is_fresh_by_a_registration_and_by_a_mailed_link(self, visit: Visit) -> None:
        names = {"givenName": "Ada", "surname": "Lovelace", "email": "ada@example.org"}
        visit.fill_in("/register", **names, password=PASSWORD)
        assert "begin-app" in visit.get("/account?change=new-app", status=200)
        sign_out(visit)
        self.reset(visit)
        assert "begin-app" in visit.get("/account?change=new-app", status=200)

    def test_by_a_mailed_link_has_a_second_factor_proved_first(self, visit: Visit) -> None:
        phone = Phone(visit.account())
        page = self.reset(visit)
        assert page.headers["Location"].startswith("/factor?pending=")
        assert not visit.is_signed_in()
        answer(page.follow(), phone.code())
        assert visit.is_signed_in()


class TestWhoMustHaveOne:
    @pytest.fixture
    def strict(self) -> StormpathMiddleware:
        made = make_site(web={"secondFactor": {"requiredFor": ["staff"], "offeredTo": []}, "look": {"name": "Acme"}})
        made.application.groups.create({"name": "staff"})
        return made

    def test_sets_one_up_when_signing_in(self, strict: StormpathMiddleware) -> None:
        visit = Visit(site=strict)
        visit.account("jo@example.org").add_group("staff")
        page = asked(visit, "jo@example.org", at="/login?next=%2Freports")
        assert "Set up a second factor" in page
        page = page.form.submit("send").follow()
        secret = re.sub(r"\s", "", page.html.find("code").text)
        assert page.html.find("svg", class_=lambda name: name != "icon") is not None
        wrong = answer(page, "000000" if _totp(secret) != "000000" else "111111")
        assert "That code is not right." in wrong
        assert secret in re.sub(r"\s", "", wrong.html.find("code").text)
        assert not visit.is_signed_in()
        done = answer(wrong, _totp(secret))
        assert "Save these recovery codes now" in done
        assert len(done.html.find("ul", class_="codes").find_all("li")) == 10
        assert "/reports" in [link["href"] for link in done.html.find_all("a")]
        assert visit.is_signed_in()
        asked(Visit(site=strict), "jo@example.org")

    def test_adds_one_on_the_account_page_while_the_session_of_before_goes_on(
        self, strict: StormpathMiddleware, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        visit = Visit(site=strict)
        account = visit.account("dee@example.org")
        visit.sign_in("dee@example.org")
        account.add_group("staff")
        now = strict.sessions.now
        monkeypatch.setattr(strict.sessions, "now", lambda: now() + 601)
        page = visit.get("/account?change=new-app", status=303).follow()
        page.form["password"] = PASSWORD
        page = page.form.submit(status=302).follow(status=200)
        shown = button(page, "begin-app").submit(status=200)
        assert "svg" in shown

    def test_cannot_remove_the_last_one(self, strict: StormpathMiddleware) -> None:
        visit = Visit(site=strict)
        account = visit.account("ada@example.org")
        account.add_group("staff")
        phone = Phone(account)
        answer(asked(visit), phone.code())
        page = visit.get(f"/account?change=remove-factor&row={phone.factor.href.rpartition('/')[2]}")
        assert "must have a second factor" in button(page, "remove-factor").submit(status=409)
        phone.factor.refresh()
        assert phone.factor.is_verified()

    def test_others_may_not_have_one_where_it_is_not_offered(self, strict: StormpathMiddleware) -> None:
        visit = Visit(site=strict)
        visit.account("bea@example.org")
        visit.sign_in("bea@example.org")
        assert "Second factor" not in visit.get("/account")

    @pytest.mark.parametrize("setting", ["requiredFor", "offeredTo"])
    def test_is_said_by_the_href_of_a_group_or_directory_too(self, tmp_path: Path, setting: str) -> None:
        url = f"sqlite:///{tmp_path}/accounts.db"
        with closing((made := make_site(directory=url)).client):
            group = made.application.groups.create({"name": "staff"})
            both = {"group": group.href, "directory": group.directory.href, "none": group.directory.href[:-1]}
        for which, href in both.items():
            lists = {"requiredFor": [], "offeredTo": [], setting: [href]}
            visit = Visit(directory=url, web={"secondFactor": lists})
            with closing(visit.site.client):
                account = visit.account(email := f"{which}@example.org")
                if which == "group":
                    account.add_group("staff")
                if which != "none" and setting == "requiredFor":
                    assert "Set up a second factor" in asked(visit, email)
                else:
                    visit.sign_in(email)
                    assert ("Second factor" in visit.get("/account")) is (which != "none")

    def test_a_password_alone_is_not_enough_for_a_program(self, strict: StormpathMiddleware) -> None:
        visit = Visit("application/json", site=strict)
        visit.account("cleo@example.org").add_group("staff")
        form = {"grant_type": "password", "username": "cleo@example.org", "password": PASSWORD}
        assert visit.post("/oauth/token", form, status=400).json["error"] == "interaction_required"


class TestACodeByMail:
    @pytest.fixture(params=["embedded", "remote"])
    def mailing(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Visit, PostOffice]]:
        """A visitor of a site where a code by mail will do, and what is mailed to her."""
        with ExitStack() as opened:
            office = opened.enter_context(post_office())
            settings: dict[str, Any] = {"mail": {"url": office.url}}
            if request.param == "remote":
                database = f"sqlite:///{tmp_path}/accounts.db"
                api = opened.enter_context(served_api(database, mail=MailSettings(url=office.url)))
                key = {"id": api["id"], "secret": api["secret"]}
                settings = {"directory": api["url"], "application": {"name": "My Application"}}
                settings["client"] = {"apiKey": key}
            visit = Visit(**settings, web={"secondFactor": {"mail": True}})
            opened.enter_context(closing(visit.site.client))
            yield visit, office

    def test_stands_in_for_the_app_of_a_verified_address(self, mailing: tuple[Visit, PostOffice]) -> None:
        visit, office = mailing
        account = visit.account()
        Phone(account)
        assert "Use another way" not in asked(visit)  # the address is not verified
        account.email_verification_status = "VERIFIED"
        account.save()
        page = asked(visit).click("Use another way").click("Code by mail")
        assert "A new way to prove" in office.next()["Subject"]  # what is told of the app
        page = page.form.submit("send").follow()
        mail = office.next()
        assert mail["To"] == "ada@example.org"
        (halves,) = re.findall(r"^ {4}(\d{4}) (\d{4})\r?$", text(mail), re.M)
        visit.get(page.request.url)
        assert office.empty() == []  # to look again sends nothing
        other = Visit(site=visit.site)
        theirs = asked(other).click("Use another way").click("Code by mail")
        theirs = other.get(f"{theirs.request.url}&sent=1")
        theirs.forms[0]["code"] = "".join(halves)
        assert "too old" in theirs.forms[0].submit()  # it was mailed for another browser
        page.forms[0]["code"] = "00000000" if halves != ("0000", "0000") else "1" * 8
        page = page.forms[0].submit()
        assert "That code is not right." in page
        page.forms[0]["code"] = " ".join(halves)
        assert page.forms[0].submit().status_int == 302
        assert visit.is_signed_in()

    def test_is_not_offered_where_nobody_wants_that(self, visit: Visit, phone: Phone, ada: Account) -> None:
        ada.email_verification_status = "VERIFIED"
        ada.save()
        assert "Use another way" not in asked(visit)


class TestADirectoryOfAnOlderVersion:
    @pytest.fixture
    def visit(self, tmp_path: Path) -> Iterator[Visit]:
        with served_api(f"sqlite:///{tmp_path}/accounts.db", behind=without_second_factors) as api:
            settings = {"directory": api["url"], "application": {"name": "My Application"}}
            settings["client"] = {"apiKey": {"id": api["id"], "secret": api["secret"]}}
            made = Visit(**settings, web={"secondFactor": {"requiredFor": ["staff"]}})
            with closing(made.site.client):
                yield made

    def test_still_has_the_app_asked_for(self, visit: Visit, caplog: pytest.LogCaptureFixture) -> None:
        phone = Phone(visit.account())
        page = asked(visit)
        assert "older version" in caplog.text
        assert "That code is not right." in answer(page, phone.wrong_code)
        answer(page, phone.code(), rememberBrowser=True)
        assert visit.is_signed_in()
        assert visit.get("/account").html.find(id="factors") is None
        sign_out(visit)
        asked(visit)  # nothing there would tell that the factors are others

    def test_lets_nobody_in_who_must_have_one_and_has_none(self, visit: Visit) -> None:
        visit.application.groups.create({"name": "staff"})
        visit.account().add_group("staff")
        page = asked(visit)
        page.form.submit("send", status="*")
        assert not visit.is_signed_in()


def test_all_of_it_works_over_either_end(opened: OpenSite) -> None:
    visit = opened("text/html")
    account = visit.account()
    phone = Phone(account)
    codes = codes_of(account)
    assert answer(asked(visit), phone.code(), rememberBrowser=True).status_int == 302
    sign_out(visit)
    assert visit.fill_in("/login", **LOGIN).headers["Location"] == "/"
    account.second_factor().forget_remembered_browsers()
    sign_out(visit)
    page = asked(visit).click("Use another way").click("Recovery code")
    assert "That code is not right." in answer(page, "22222222")
    assert answer(page, codes[0]).status_int == 302
    assert visit.is_signed_in()


def button(page: Any, action: str) -> Any:
    """The form of the account page with that action."""
    return next(form for form in page.forms.values() if "action" in form.fields and form["action"].value == action)


def without_second_factors(api: WSGIApplication) -> WSGIApplication:
    """The REST API as a version has it that knows no ``secondFactor`` of an account."""

    def older(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["PATH_INFO"] = environ["PATH_INFO"].replace("/secondFactor", "/unheardOf")
        return api(environ, start_response)

    return older


def sign_out(visit: Visit) -> None:
    visit.post("/logout", headers=JSON)


def _totp(secret: str) -> str:
    return pyotp.TOTP(secret).now()


def _token(page: Any) -> dict[str, str]:
    return {name: page.form[name].value for name in page.form.fields if name not in ("code", None)}

"""People sign in on the pages of an ID Site, and go back to where they came from."""

from __future__ import annotations

import re
import time
import uuid
from contextlib import closing
from email import message_from_bytes, policy
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from id_site.conftest import BACK, HOST, Hosted, Visitor
from support.browsing import PASSWORD
from support.cheap import HASHER
from support.second_factors import Phone

from stormpath_wsgi.client import Application, Organization
from stormpath_wsgi.directory import open_directory
from stormpath_wsgi.events import Registered, SignedIn, SignedOut
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.testing.mailbox import Mail
from stormpath_wsgi.testing.openid import OpenIDProvider


def test_who_signs_in_goes_back_with_an_answer(hosted: Hosted, visitor: Visitor) -> None:
    ada = hosted.account()
    page = visitor.ask(jti="first", state="cart")
    assert page.status_int == 200 and hosted.application.name in page
    told = hosted.told(visitor.sign_in(page, ada))
    assert told["exp"] - told["iat"] == 60
    assert told | {"iat": 0, "exp": 0, "jti": ""} == {
        "iss": "https://id.example.org", "sub": ada.href, "aud": hosted.key[0], "iat": 0, "exp": 0, "jti": "",
        "irt": "first", "state": "cart", "isNewSub": False, "status": "AUTHENTICATED", "cb_uri": BACK,
    }  # fmt: skip


def test_who_is_signed_in_there_already_goes_straight_back(hosted: Hosted, visitor: Visitor) -> None:
    ada = hosted.account()
    visitor.sign_in(visitor.ask(), ada)
    again = hosted.told(visitor.ask(jti="again"))
    assert (again["sub"], again["irt"], again["status"]) == (ada.href, "again", "AUTHENTICATED")


def test_each_application_has_sessions_of_its_own(hosted: Hosted, visitor: Visitor) -> None:
    visitor.sign_in(visitor.ask(), hosted.account())
    other = hosted.new_application("Other")
    page = visitor.ask(sub=other.href)
    assert page.status_int == 200 and other.name in page
    assert visitor.sign_in(page, hosted.account()).status_int == 200  # an account of the first one
    there = hosted.account(other)
    assert hosted.told(visitor.sign_in(page, there))["sub"] == there.href


def test_who_registers_is_told_as_new(hosted: Hosted, visitor: Visitor) -> None:
    page = visitor.ask(path="/#/register")
    assert "Create" in page.html.title.text or "account" in page.html.title.text
    email = f"{time.time()}@example.org"
    answer = visitor.send(page, givenName="Grace", surname="Hopper", email=email, password=PASSWORD)
    told = hosted.told(answer)
    assert (told["status"], told["isNewSub"]) == ("REGISTERED", True)
    assert hosted.client.accounts.get(told["sub"]).email == email
    assert hosted.told(visitor.ask())["status"] == "AUTHENTICATED"


def test_who_has_forgotten_a_password_is_led_to_the_page_for_that(hosted: Hosted, visitor: Visitor) -> None:
    page = visitor.ask(path="/#/forgot")
    assert page.request.path.endswith("/forgot") and "email" in page.forms[0].fields


def test_a_token_of_a_mail_leads_to_the_page_for_a_new_password(hosted: Hosted, visitor: Visitor) -> None:
    ada = hosted.account()
    token = hosted.application.password_reset_tokens.create({"email": ada.email})
    sp_token = token.href.rpartition("/")[2]
    page = visitor.ask(path="/#/reset", sp_token=sp_token)
    assert page.request.path.endswith("/change")
    login = visitor.send(page, password="Another-horse-8")
    told = hosted.told(visitor.send(login, login=ada.email, password="Another-horse-8"))
    assert told["sub"] == ada.href


def test_any_other_path_is_that_of_the_login_page(hosted: Hosted, visitor: Visitor) -> None:
    for path in (None, "", "/", "/#/nowhere", "#/login", "x" * 3000, 7):
        there = visitor.get(hosted.asking(path=path)).follow()
        assert urlsplit(there.headers["Location"]).path.endswith("/login")


def test_a_sign_out_ends_the_session_and_comes_back(hosted: Hosted, visitor: Visitor) -> None:
    ada = hosted.account()
    visitor.sign_in(visitor.ask(), ada)
    told = hosted.told(visitor.ask(logout=True, state="bye"))
    assert (told["status"], told["sub"], told["isNewSub"], told["state"]) == ("LOGOUT", ada.href, False, "bye")
    assert visitor.ask().status_int == 200  # has to sign in again
    told = hosted.told(visitor.ask(logout=True))
    assert (told["status"], told["sub"]) == ("LOGOUT", None)


def test_what_happens_there_is_told_to_listeners(hosted: Hosted, visitor: Visitor) -> None:
    heard: list[object] = []
    for kind in (SignedIn, SignedOut, Registered):
        hosted.service.events.listen(kind, heard.append)
    ada = hosted.account()
    del heard[:]
    visitor.sign_in(visitor.ask(), ada)
    visitor.ask(logout=True)
    assert [(type(each), each.account) for each in heard] == [  # type: ignore[attr-defined]  # they are events
        (SignedIn, ada.href), (SignedOut, ada.href)
    ]  # fmt: skip


def test_several_tabs_do_not_get_into_each_others_way(hosted: Hosted, visitor: Visitor) -> None:
    ada = hosted.account()
    one, other = visitor.ask(jti="one"), visitor.ask(jti="other", cb_uri=BACK, state={"tab": 2})
    assert hosted.told(visitor.sign_in(other, ada))["state"] == {"tab": 2}
    assert hosted.told(visitor.follow(one.request.url))["irt"] == "one"


def test_the_address_keeps_its_query_and_its_fragment(hosted: Hosted, visitor: Visitor) -> None:
    callback = "https://shop.example.com/back?from=id#top"
    application = hosted.new_application("Query", callback)
    ada = hosted.account(application)
    location = visitor.sign_in(visitor.ask(sub=application.href, cb_uri=callback), ada).headers["Location"]
    assert re.fullmatch(r"https://shop\.example\.com/back\?from=id&jwtResponse=[\w.-]+#top", location)


def test_a_star_stands_for_one_label(hosted: Hosted, visitor: Visitor) -> None:
    application = hosted.new_application("Stars", "https://*.example.com/back")
    page = visitor.ask(sub=application.href, cb_uri="https://a.example.com/back")
    assert "form-action 'self' https://*.example.com;" in page.headers["Content-Security-Policy"]
    for wrong in (
        "https://a.b.example.com/back",
        "https://evil.example/.example.com/back",
        "https://.example.com/back",
    ):
        assert visitor.ask(sub=application.href, cb_uri=wrong).status_int == 400


def test_the_language_is_that_of_the_visitor(hosted: Hosted) -> None:
    german = hosted.visitor(HTTP_ACCEPT_LANGUAGE="de")
    assert german.ask().html.html["lang"] == "de"
    assert german.get("/sso?jwtRequest=x", status=400).html.html["lang"] == "de"


class TestOrganizations:
    def test_only_people_of_the_organization_go_back(self, hosted: Hosted, visitor: Visitor) -> None:
        application, acme = _with_organization(hosted, "acme")
        stranger, ada = hosted.account(application), hosted.account(acme)
        visitor.sign_in(visitor.ask(sub=application.href), stranger)
        page = visitor.ask(sub=application.href, onk="acme")
        assert page.status_int == 200 and "organizationNameKey" not in page.forms[0].fields
        assert visitor.sign_in(page, stranger).status_int == 200
        told = hosted.told(visitor.sign_in(page, ada))
        assert (told["sub"], told["onk"]) == (ada.href, "acme")
        assert hosted.told(visitor.ask(sub=application.href, onk="acme"))["sub"] == ada.href

    def test_one_that_there_is_not_is_an_error_for_the_site(self, hosted: Hosted, visitor: Visitor) -> None:
        told = hosted.told(visitor.ask(onk="nobody"))
        assert "aud" not in told and told["err"]["code"] == 11001

    def test_people_are_asked_for_one_where_the_site_wants_that(self, hosted: Hosted, visitor: Visitor) -> None:
        application, acme = _with_organization(hosted, "bmce")
        ada = hosted.account(acme)
        assert "organizationNameKey" not in visitor.ask(sub=application.href).forms[0].fields
        page = visitor.ask(sub=application.href, sof=True)
        told = hosted.told(visitor.send(page, organizationNameKey="bmce", login=ada.email, password=PASSWORD))
        assert told["sub"] == ada.href


class TestSecondFactors:
    def test_are_asked_for_where_the_site_wants_that(self, hosted: Hosted, visitor: Visitor) -> None:
        ada = hosted.account()
        visitor.sign_in(visitor.ask(), ada)
        page = visitor.ask(require_mfa=["sms"])
        assert page.request.path.endswith("/account") and "status=factor-needed" in page.request.url
        assert visitor.ask(require_mfa=[]).status_int == 302

    def test_are_proved_at_the_sign_in(self, hosted: Hosted, visitor: Visitor) -> None:
        ada = hosted.account()
        phone = Phone(ada)
        page = visitor.sign_in(visitor.ask(require_mfa=["google-authenticator"], jti="strong"), ada)
        assert page.request.path.endswith("/factor")
        told = hosted.told(visitor.send(page, code=phone.code()))
        assert (told["sub"], told["irt"]) == (ada.href, "strong")


def _with_organization(hosted: Hosted, name_key: str) -> tuple[Application, Organization]:
    """An application, and an organization of it with a directory of its own."""
    application = hosted.new_application("Tenants")
    client = hosted.client
    made = client.organizations.create({"name": name_key, "name_key": name_key}, create_directory=True)
    client.account_store_mappings.create({"application": application, "account_store": made})
    return application, made


def test_a_provider_sends_people_back_to_one_address_for_each_application(hosted: Hosted, visitor: Visitor) -> None:
    application = hosted.new_application("Elsewhere")
    with OpenIDProvider() as elsewhere:
        directory = hosted.client.directories.create({"name": "Elsewhere", "provider": elsewhere.provider})
        hosted.client.account_store_mappings.create({"application": application, "account_store": directory})
        page = visitor.ask(sub=application.href, jti="social", state="cart")
        out = visitor.get(page.html.select_one('a[href*="/login/test"]')["href"])
        back = elsewhere.answer(out.headers["Location"])
        address = f"https://{HOST}/sso/{application.href.rpartition('/')[2]}/callbacks/test?"
        assert back.startswith(address)
        told = hosted.told(visitor.follow(back))
    assert (told["irt"], told["state"], told["status"]) == ("social", "cart", "REGISTERED")
    assert hosted.client.accounts.get(told["sub"]).directory == directory


@pytest.mark.parametrize("application_has_one", [False, True])
def test_a_provider_of_an_organization_is_asked_for_that(
    hosted: Hosted, visitor: Visitor, application_has_one: bool
) -> None:
    """It sends people back to the address that is the same for all organizations."""
    application, client = hosted.new_application("Club"), hosted.client
    name = uuid.uuid4().hex
    club = client.organizations.create({"name": name, "name_key": f"club-{name}"}, create_directory=True)
    client.account_store_mappings.create({"application": application, "account_store": club})
    with OpenIDProvider() as elsewhere:
        theirs, ours = (
            client.directories.create({"name": f"{of} {name}", "provider": elsewhere.provider})
            for of in ("of the club", "of the application")
        )
        club.account_store_mappings.create({"organization": club, "account_store": theirs})
        if application_has_one:
            client.account_store_mappings.create({"application": application, "account_store": ours})
        page = visitor.ask(sub=application.href, onk=club.name_key)
        out = visitor.get(page.html.select_one('a[href*="/login/test"]')["href"])
        told = hosted.told(visitor.follow(elsewhere.answer(out.headers["Location"])))
    assert told["status"] == "REGISTERED"
    assert client.accounts.get(told["sub"]).directory == theirs
    assert list(ours.accounts) == []


def test_the_links_of_mails_lead_to_the_pages_of_the_application(tmp_path: Path) -> None:
    settings = Settings(
        directory=f"sqlite:///{tmp_path}/accounts.db", base_url=f"https://{HOST}/v1", password_hasher=HASHER,
        id_site={"enabled": True}, web={"basePath": "/not-there"},
    )  # fmt: skip
    with closing(open_directory(settings.directory, settings.directory_options())) as service:
        service.bootstrap()
        hosted = Hosted(service)
        id, ada = hosted.application.href.rpartition("/")[2], hosted.account()
        hosted.application.send_password_reset_email(ada.email)
    mail = next(each for each in _mails(tmp_path / "outbox") if "sptoken" in each.text)
    assert mail.link.startswith(f"https://{HOST}/sso/{id}/change?sptoken=")
    with closing(open_directory(settings.directory, settings.directory_options())) as service:
        visitor = Visitor(Hosted(service))
        login = visitor.send(visitor.follow(mail.path), password="Another-horse-8")
        assert login.request.path == f"/sso/{id}/login"
        assert "You are signed in" in visitor.send(login, login=ada.email, password="Another-horse-8")
        assert visitor.follow(f"/sso/{id}").status_int == 200


def _mails(outbox: Path) -> list[Mail]:
    """The mails in the folder *outbox*."""
    read = (message_from_bytes(each.read_bytes(), policy=policy.default) for each in outbox.iterdir())
    return [Mail.of(each) for each in read]

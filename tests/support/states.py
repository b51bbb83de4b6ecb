"""Every state of every page, for the tests that look at all of them: HTML by the name of the state."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pyotp
import pytest
from bs4 import BeautifulSoup
from webob import Request
from webtest import TestApp  # type: ignore[import-untyped]

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.client import Account, Directory
from stormpath_wsgi.development.bar import CSS
from stormpath_wsgi.development.guard import PANEL, opening
from stormpath_wsgi.development.server import development_site
from stormpath_wsgi.id_site.asked import NO_GOOD, SIGNED_IN, NotAsked
from stormpath_wsgi.id_site.refused import Refusals
from stormpath_wsgi.settings import WebSettings
from stormpath_wsgi.testing import OpenIDProvider
from support import others
from support.authenticator import Device
from support.browsing import BROWSER, PASSWORD, Visit, make_site, passkey_form
from support.post import text
from support.post_office import PostOffice, post_office
from support.waiting import eventually

ADA, OTHER = "ada@example.org", "jo@example.com"
NAMES = {"givenName": "Jo", "surname": "Winter"}
JO = {**NAMES, "email": OTHER, "password": PASSWORD}
WEAK = "short"

#: The states that are errors: their titles say so.
ERRORS = frozenset(
    {
        *("sign-in-wrong", "sign-in-empty", "sign-in-half", "sign-in-too-many", "sign-in-organization-wrong"),
        *("register-errors", "register-weak", "register-taken", "register-differs", "register-fields-empty"),
        "register-stolen",
        *("forgot-empty", "change-weak", "expired", "expired-forgot"),
        *("mail-sent-wrong", "mail-sent-empty", "mail-sent-dead", "verify-code-wrong", "verify-button-expired"),
        *("invitation-errors", "fresh-wrong", "fresh-empty", "organization-wrong"),
        *("account-name-empty", "account-name-one", "account-email-wrong", "account-password-wrong"),
        *("account-password-empty", "account-new-key-empty", "account-delete-wrong", "account-no-device"),
        *("account-expired", "passkey-name-empty", "passkey-sign-in-wrong"),
        *("sign-in-provider", "account-not-connected"),
        *("factor-app-wrong", "factor-sms-wrong", "account-new-app-wrong", "account-new-phone-wrong"),
    }
)

#: The states that are mails, which have the frame of the program that shows them.
MAILS = frozenset({"demo-mail-html"})

_NAMES = """
403
503 503-posted
account account-add-passkey account-codes-made account-delete account-delete-wrong account-email account-email-rtl
account-email-wrong account-expired account-factors account-key-made account-language account-name
account-name-empty account-name-one account-new-app account-new-app-wrong account-new-codes account-new-key
account-new-key-empty account-new-phone account-new-phone-wrong account-no-device account-password
account-password-empty account-password-stolen account-password-wrong account-prove-phone account-remove-factor
account-remove-passkey account-rename-factor account-rename-passkey account-revoke-key account-rtl account-saved
account-waiting
account-connections account-disconnect account-not-connected account-unconnected
callback
change change-weak
demo demo-admin demo-mail demo-mail-html demo-mails demo-members demo-missing demo-no-mails demo-stranger
email-back email-back-done email-button email-dead
development development-mail development-refused
expired expired-forgot
forgot forgot-dead forgot-empty
factor-another factor-app factor-app-wrong factor-mail factor-mail-sent factor-new-app factor-recovery factor-set-up
factor-sms factor-sms-sent factor-sms-wrong recovery-codes
fresh fresh-empty fresh-other-site fresh-wrong
id-site id-site-signed-in
leaving
invitation invitation-dead invitation-errors
logout logout-stranger
mail-sent mail-sent-dead mail-sent-empty mail-sent-wrong
not-this-account
organization organization-wrong
passkey-account passkey-account-empty passkey-fresh passkey-name-empty
passkey-sign-in passkey-sign-in-wrong
secure secure-mailed secure-over
register register-differs register-errors register-fields register-fields-empty register-stolen
register-taken register-weak
sign-in sign-in-created sign-in-empty sign-in-half sign-in-organization sign-in-organization-wrong
sign-in-remember sign-in-reset sign-in-rtl sign-in-signed_out sign-in-too-many sign-in-unverified
sign-in-verified sign-in-wrong
sign-in-ways sign-in-ways-first sign-in-ways-last sign-in-ways-rtl sign-in-provider sign-in-cancelled sign-in-connect
register-ways
verify verify-button verify-button-expired verify-code verify-code-wrong
"""
#: The names of all states.
STATES = tuple(_NAMES.split())

_DEMO = Path(__file__).parents[2] / "examples/demo.py"
_CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
_SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.4 Mobile/15E148 Safari/604.1"
)


def all_states(folder: Path) -> dict[str, str]:
    """All of them. *folder*: an empty one, where the demo site keeps its accounts."""
    with post_office() as office:
        return {
            **plain_states(plain_site()),
            **_mailed_states(office),
            **_account_states(office),
            **_passkey_states(),
            **_invited_states(office),
            **_field_states(),
            **_factor_states(),
            **_other_states(),
            **_id_site_states(),
            **_social_states(),
            **_demo_states(folder),
            **_development_states(),
        }


def plain_site() -> StormpathMiddleware:
    """A site that sends no mails when somebody registers, with Ada's account."""
    fields = {"confirmPassword": {"enabled": True}, "colour": {"label": "Colour", "required": False}}
    web = {
        "look": {"name": "Acme", "helpUrl": "/help"},
        "logout": {"page": True},
        "register": {"form": {"fields": fields}},
        "verifyEmail": {"enabled": True},
    }
    made = make_site(web=web)
    made.application.accounts.create({"email": ADA, "password": PASSWORD, "given_name": "Ada", "surname": "Lovelace"})
    return made


def plain_states(site: StormpathMiddleware) -> dict[str, str]:
    """Those of the pages that need no mail, at :func:`plain_site`."""
    visit = Visit(site=site)
    token = site.application.password_reset_tokens.create({"email": ADA}).href.rpartition("/")[2]
    change = f"/change?sptoken={token}"
    pages = {
        "sign-in": visit.get("/login"),
        "sign-in-wrong": visit.fill_in("/login", login=ADA, password="x"),
        "sign-in-empty": visit.fill_in("/login"),
        "sign-in-half": visit.fill_in("/login", login=ADA),
        **{
            f"sign-in-{said}": visit.get(f"/login?status={said}")
            for said in ("created", "verified", "reset", "signed_out", "unverified")
        },
        "register": visit.get("/register"),
        "register-errors": visit.fill_in(
            "/register", **{**JO, "givenName": "", "email": "jo.example", "password": "abc1", "confirmPassword": "abc1"}
        ),
        "register-stolen": visit.fill_in(
            "/register", **{**JO, "password": "Password1", "confirmPassword": "Password1"}
        ),
        "register-weak": visit.fill_in("/register", **{**JO, "password": "abcdefg1", "confirmPassword": "abcdefg1"}),
        "register-taken": visit.fill_in("/register", **{**JO, "email": ADA, "confirmPassword": PASSWORD}),
        "register-differs": visit.fill_in("/register", **{**JO, "confirmPassword": "another"}),
        "forgot": visit.get("/forgot"),
        "forgot-empty": visit.fill_in("/forgot"),
        "forgot-dead": visit.get("/forgot?status=invalid_sptoken"),
        "change": visit.get(change),
        "change-weak": visit.fill_in(change, password=WEAK),
        "verify": visit.get("/verify"),
        "expired": _expired(site, "/register", **{**JO, "confirmPassword": PASSWORD}),
        "expired-forgot": _expired(site, "/forgot", email=ADA),
        "logout-stranger": visit.get("/logout"),
    }
    visit.sign_in(ADA)
    pages["logout"] = visit.get("/logout?next=%2Fbye")
    pages["not-this-account"] = visit.get("/login?status=forbidden")
    pages["403"] = visit.get("/staff?a=1", status=403)
    return _texts(pages) | {"503": _away(site, "GET"), "503-posted": _away(site, "POST")}


def _texts(pages: Mapping[str, Any]) -> dict[str, str]:
    return {name: page.text for name, page in pages.items()}


def _expired(site: StormpathMiddleware, address: str, **values: str) -> Any:
    """What somebody gets whose browser has forgotten the cookie of the form."""
    visit = Visit(site=site)
    form = visit.get(address).form
    visit.reset()
    for name, value in values.items():
        form[name] = value
    return form.submit(status=403)


def _away(site: StormpathMiddleware, method: str) -> str:
    request = Request.blank("/login?next=%2Freports", headers={"Accept": "text/html"}, method=method)
    return str(site.pages.unavailable(request, 7).text)


@contextmanager
def _mailing(office: PostOffice, **web: Any) -> Iterator[StormpathMiddleware]:
    """A site with Ada's account that sends its mails to *office*."""
    about = {"look": {"name": "Acme", "helpUrl": "/help"}, "baseUrl": "https://acme.example"}
    site = make_site(web={**about, **web}, mail={"url": office.url})
    with closing(site.client):
        Visit(site=site).account(ADA)
        yield site


def _mailed_states(office: PostOffice) -> dict[str, str]:
    """What waits for a mail, takes its code, and opens its links."""
    with _mailing(office) as site:
        mapping = site.application.default_account_store_mapping
        assert mapping is not None
        assert isinstance(mapping.account_store, Directory)
        policy = mapping.account_store.account_creation_policy
        policy.verification_email_status = "ENABLED"
        policy.save()
        visit = Visit(site=site)
        sent = visit.fill_in("/forgot", email=ADA).follow()
        wrong = [_typed(sent, "0" * 8) for _ in range(6)]
        code = visit.fill_in("/register", **JO).follow()
        [link] = [mail for mail in (_link(office), _link(office)) if "/verify" in mail]
        return _texts(
            {
                "mail-sent": sent,
                "mail-sent-empty": _typed(sent, ""),
                "mail-sent-wrong": wrong[0],
                "mail-sent-dead": wrong[-1],
                "verify-code": code,
                "verify-code-wrong": _typed(code, "0" * 8),
                "verify-button": visit.get(link),
                "verify-button-expired": _expired(site, link),
            }
        )


def _typed(page: Any, code: str) -> Any:
    page.forms[0]["code"] = code
    return page.forms[0].submit()


def _link(office: PostOffice, path: str = "/") -> str:
    """The path of the link in the next mail that leads to *path*. Others may come before it, and late."""
    while not (found := re.search(rf"https://acme\.example({path}\S+)", text(office.next()))):
        pass
    return found[1]


def _account_states(office: PostOffice) -> dict[str, str]:
    """The account page, the page that asks again, and the one where a change of the address is confirmed."""
    place = {"203.0.113.7": "Berlin, Germany"}.get
    web: dict[str, Any] = {"account": {"apiKeys": True, "place": place}, "logout": {"page": True}}
    with _mailing(office, **web) as site:
        elsewhere, visit = _device(site, _SAFARI, "198.51.100.1"), _device(site, _CHROME, "203.0.113.7")
        [account] = site.application.accounts
        key = account.api_keys.create({"name": "Nightly backup"})
        pages = {
            "account": visit.get("/account"),
            "account-saved": visit.get("/account?status=name"),
            **{
                f"account-{panel}": visit.get(f"/account?change={panel}")
                for panel in ("name", "email", "language", "password", "new-key", "delete")
            },
            "account-revoke-key": visit.get(f"/account?change=revoke-key&row={key.id}"),
            "account-name-empty": _posted(visit, "name", givenName="", surname=""),
            "account-name-one": _posted(visit, "name", givenName=""),
            "account-email-wrong": _posted(visit, "email", email="no address"),
            "account-password-wrong": _posted(visit, "password", present="wrong", password=PASSWORD),
            "account-password-stolen": visit.get("/account?change=password&status=stolen&next=%2Fcart"),
            "account-password-empty": _posted(visit, "password"),
            "account-new-key-empty": _posted(visit, "new-key"),
            "account-delete-wrong": _posted(visit, "delete", password="wrong"),
            "account-no-device": _without_device(visit),
            "account-expired": _old_form(visit),
            "account-key-made": _posted(visit, "new-key", name="Robot"),
            "account-rtl": visit.get("/account", headers={"Accept-Language": "ar"}),
            "account-email-rtl": visit.get("/account?change=email", headers={"Accept-Language": "ar"}),
            "sign-in-rtl": Visit(site=site).get("/login", headers={"Accept-Language": "ar"}),
            **_fresh(site, elsewhere),
        }
        _posted(visit, "email", email=OTHER)
        pages["account-waiting"] = visit.get("/account")
        link = _link(office, "/account/email")
        pages["email-button"] = visit.get(link)
        visit.get(link).form.submit(status="*")
        back = _link(office, "/account/email")
        pages["email-back"] = Visit(site=site).get(back)
        pages["email-back-done"] = Visit(site=site).get(back).form.submit()
        pages["email-dead"] = visit.get(back)
        account.password = "Another-horse-8"
        account.save()
        notice = _link(office, "/account/secure")
        pages["secure"] = Visit(site=site).get(notice)
        pages["secure-mailed"] = Visit(site=site).get(notice).form.submit()
        pages["secure-over"] = visit.get(notice)
        return _texts(pages)


def _device(site: StormpathMiddleware, agent: str, address: str) -> Visit:
    """Ada, who has just signed in there."""
    visit = Visit(site=site)
    visit.extra_environ |= {"HTTP_USER_AGENT": agent, "REMOTE_ADDR": address}
    visit.sign_in(ADA)
    return visit


def _form(page: Any, action: str) -> Any:
    """The form of the account page with that hidden field ``action``."""
    return next(each for each in page.forms.values() if "action" in each.fields and each["action"].value == action)


def _posted(visit: Visit, panel: str, **values: str) -> Any:
    """What comes of the form of an open panel."""
    action = {"new-key": "make-key", "delete": "delete-account"}.get(panel, panel)
    form = _form(visit.get(f"/account?change={panel}"), action)
    for name, value in values.items():
        form[name] = value
    return form.submit(status="*")


def _without_device(visit: Visit) -> Any:
    form = _form(visit.get("/account"), "sign-out-device")
    form["row"] = "no device"
    return form.submit(status=400)


def _old_form(visit: Visit) -> Any:
    form = _form(visit.get("/account?change=name"), "name")
    form["csrfToken"] = "old"
    return form.submit(status=403)


def _factor_states() -> dict[str, str]:
    """The second factor at the sign-in, and its part of the account page."""
    sent: list[str] = []
    web = {"look": {"name": "Acme", "helpUrl": "/help"}, "secondFactor": {"mail": True, "requiredFor": ["staff"]}}
    site = make_site(web=web, sms=lambda number, words: sent.append(words))
    ada = Visit(site=site).account(ADA)
    ada.email_verification_status = "VERIFIED"
    ada.save()
    site.application.groups.create({"name": "staff"})
    Visit(site=site).account(OTHER).add_group("staff")
    with closing(site.client):
        own = _own_factors(Visit(site=site), ada, sent)
        return _texts({**own, **_asked(Visit(site=site)), **_set_up(Visit(site=site))})


def _own_factors(visit: Visit, account: Account, sent: list[str]) -> dict[str, Any]:
    visit.sign_in(ADA)
    begun, number = _form(visit.get("/account"), "begin-app").submit(), visit.get("/account?change=new-phone")
    app, phone = _form(begun, "add-app"), _form(number, "begin-phone")
    app["code"], phone["number"] = "1", "1"
    pages = {"account-new-app-wrong": app.submit(), "account-new-phone-wrong": phone.submit()}
    app["code"], phone["number"] = pyotp.TOTP(account.factors[0].secret).now(), "+4930901820"
    pages |= {"account-codes-made": app.submit(), "account-prove-phone": phone.submit()}
    proved = _form(pages["account-prove-phone"], "add-phone")
    proved["code"] = re.findall("[0-9]{6}", sent[-1])[0]
    proved.submit(status=303)
    id = account.second_factor().factors[0]["href"].rpartition("/")[2]
    return {
        **pages,
        "account-new-app": begun,
        "account-new-phone": number,
        "account-factors": visit.get("/account"),
        "account-new-codes": visit.get("/account?change=new-codes"),
        "account-remove-factor": visit.get(f"/account?change=remove-factor&row={id}"),
        "account-rename-factor": visit.get(f"/account?change=rename-factor&row={id}"),
    }


def _asked(visit: Visit) -> dict[str, Any]:
    app = visit.fill_in("/login", login=ADA, password=PASSWORD).follow()
    another = app.click("Use another way")
    sms, mail = another.click("Text message"), another.click("Code by mail")
    sms_sent, mail_sent = (page.forms[0].submit("send").follow() for page in (sms, mail))
    return {
        "factor-app": app,
        "factor-app-wrong": _typed(app, "1"),
        "factor-another": another,
        "factor-sms": sms,
        "factor-sms-sent": sms_sent,
        "factor-sms-wrong": _typed(sms_sent, "1"),
        "factor-mail": mail,
        "factor-mail-sent": mail_sent,
        "factor-recovery": another.click("Recovery code"),
    }


def _set_up(visit: Visit) -> dict[str, Any]:
    first = visit.fill_in("/login", login=OTHER, password=PASSWORD).follow()
    new = first.form.submit("send").follow()
    secret = re.sub(r"\s", "", new.html.find("code").text)
    return {"factor-set-up": first, "factor-new-app": new, "recovery-codes": _typed(new, pyotp.TOTP(secret).now())}


def _fresh(site: StormpathMiddleware, visit: Visit) -> dict[str, Any]:
    now = site.sessions.now
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(site.sessions, "now", lambda: now() + 3600)
        return {
            "fresh": visit.get("/account/fresh?for=email"),
            "fresh-wrong": visit.fill_in("/account/fresh", password="wrong"),
            "fresh-empty": visit.fill_in("/account/fresh"),
        }


def _passkey_states() -> dict[str, str]:
    """What has to do with passkeys, as a browser shows it whose script runs."""
    site = make_site(web={"look": {"name": "Acme"}, "baseUrl": "https://acme.example"})
    with closing(site.client):
        visit, device = Visit(site=site), Device(origin="https://acme.example")
        visit.account(ADA)
        wrong = passkey_form(visit.get("/login"))
        wrong["passkey"] = "{}"
        pages = {"passkey-sign-in": visit.get("/login"), "passkey-sign-in-wrong": wrong.submit()}
        visit.sign_in(ADA)
        pages["passkey-account-empty"] = visit.get("/account")
        pages["account-add-passkey"] = visit.get("/account?change=add-passkey")
        form = passkey_form(pages["account-add-passkey"])
        form["passkey"], form["name"] = device.make(json.loads(form.html.form["data-options"])), "iPhone"
        form.submit(status=303)
        [account] = site.application.accounts
        row = f"&row={site.flows.passkeys.held(account)[0].id}"
        pages["passkey-account"] = visit.get("/account?status=passkey-added")
        pages["account-rename-passkey"] = visit.get(f"/account?change=rename-passkey{row}")
        pages["account-remove-passkey"] = visit.get(f"/account?change=remove-passkey{row}")
        empty = _form(pages["account-rename-passkey"], "rename-passkey")
        empty["name"] = ""
        pages["passkey-name-empty"] = empty.submit()
        with pytest.MonkeyPatch.context() as patched:
            now = site.sessions.now
            patched.setattr(site.sessions, "now", lambda: now() + 3600)
            pages["passkey-fresh"] = visit.get("/account/fresh?for=add-passkey")
        return {name: _scripted(page.text) for name, page in pages.items()}


def _scripted(html: str) -> str:
    """The page with what the script shows where the browser knows passkeys: forms for what these answer."""
    page = BeautifulSoup(html, "html.parser")
    for made in page.select(".passkey[data-passkey]"):
        made.name, made["method"], made["action"] = "form", "post", made["data-action"]
        del made["hidden"]
    for shown in page.select("[data-needs-passkeys]"):
        del shown["hidden"]
    return str(page)


def _invited_states(office: PostOffice) -> dict[str, str]:
    with _mailing(office) as site:
        visit = Visit(site=site)
        site.application.invitations.create({"email": OTHER})
        link = _link(office, "/invitation")
        return _texts(
            {
                "invitation": visit.get(link),
                "invitation-errors": visit.fill_in(link, givenName="", surname="Winter", password=WEAK),
                "invitation-dead": visit.get("/invitation?sptoken=used", status=404),
            }
        )


def _field_states() -> dict[str, str]:
    """Fields of a site's own, and those that a setting adds."""
    fields: dict[str, dict[str, Any]] = {
        "card": {"label": "Library card", "required": False, "hint": "Ten digits, on the back.", "maxLength": 10},
        "branch": {
            "label": "Home branch",
            "type": "select",
            "placeholder": "Choose a branch",
            "options": {"east": "East & West", "harbour": "Harbour"},
        },
        "terms": {
            "label": "I agree to the terms and the privacy notice.",
            "type": "checkbox",
            "links": {"terms": "/terms", "privacy notice": "https://example.org/privacy"},
        },
        "news": {"label": "News by mail", "type": "checkbox", "required": False},
    }
    order = ["givenName", "surname", "email", "password", *fields]
    web = {
        "look": {"name": "Acme"},
        "login": {"rememberMe": True},
        "register": {"form": {"fields": fields, "fieldOrder": order}},
    }
    visit = Visit(web=web)
    return _texts(
        {
            "sign-in-remember": visit.get("/login"),
            "register-fields": visit.get("/register"),
            "register-fields-empty": visit.fill_in("/register", **JO),
        }
    )


def _id_site_states() -> dict[str, str]:
    """Where people come back from another site, and what that says to who cannot be sent back."""
    look = {"name": "Acme"}
    back = Visit(web={"idSite": {"enabled": True}, "look": look}).get("/stormpathCallback", status=401)
    draw, environ = Refusals(WebSettings(look=look)), {"HTTP_ACCEPT_LANGUAGE": "en"}
    return {
        "callback": back.text,
        "id-site": draw(environ, NotAsked(NO_GOOD, "a test")).text,
        "id-site-signed-in": draw(environ, NotAsked(SIGNED_IN, "a test", 200)).text,
    }


def _other_states() -> dict[str, str]:
    """Too many tries, and the question for an organization."""
    hasty = Visit(
        web={"look": {"name": "Acme"}}, limits={"accountAndAddress": "4 tries, waits 8s to 1h, one back after 1h"}
    )
    hasty.extra_environ["REMOTE_ADDR"] = "203.0.113.7"
    for _ in range(5):
        hasty.fill_in("/login", login=ADA, password="wrong")
    form = hasty.get("/login").form
    form["login"], form["password"] = ADA, PASSWORD
    too_many = form.submit(status=429)
    domain = {"domainName": "site.example", "multiTenancy": {"enabled": True}, "look": {"name": "Acme"}}
    tenants = Visit(web=domain)
    asks = {"form": {"fields": {"organizationNameKey": {"enabled": True}}}}
    named = Visit(web={"look": {"name": "Acme"}, "login": asks})
    return _texts(
        {
            "sign-in-too-many": too_many,
            "organization": tenants.get("/login"),
            "organization-wrong": tenants.fill_in("/login", organizationNameKey="acne"),
            "sign-in-organization": named.get("/login"),
            "sign-in-organization-wrong": named.fill_in(
                "/login", organizationNameKey="acne", login=ADA, password=PASSWORD
            ),
        }
    )


def _social_states() -> dict[str, str]:
    """The buttons of other sites, what the sign-in page says of these, and the rows of the account page."""
    pairs: dict[str, Any] = {id: {"clientId": "x", "clientSecret": "y"} for id in ("google", "microsoft", "github")}
    with OpenIDProvider() as provider:
        web = {
            "look": {"name": "Acme", "helpUrl": "/help"},
            "social": {**pairs, **others.social(provider)},
            "socialSignIn": {"order": ["google", "microsoft", "github"]},
        }
        site = make_site(web=web, **others.LOOPBACK)
        with closing(site.client):
            others.enable_linking(site)
            visit = Visit(site=site)
            account = visit.account(ADA)
            rtl = {"Accept-Language": "ar"}
            pages = {
                "sign-in-ways": visit.get("/login"),
                "sign-in-ways-rtl": visit.get("/login", headers=rtl),
                "register-ways": visit.get("/register"),
                **{
                    f"sign-in-{said}": visit.get(f"/login?status={said}&provider=google")
                    for said in ("provider", "cancelled", "connect")
                },
            }
            others.comes_back(visit, provider, "grace")
            with pytest.MonkeyPatch.context() as patched:
                now = site.sessions.now
                patched.setattr(site.sessions, "now", lambda: now() + 3600)
                pages["fresh-other-site"] = visit.get("/account/fresh?for=email")
            visit.post("/logout", {}, status="*")
            pages["sign-in-ways-last"] = visit.get("/login")
            visit.sign_in(ADA)
            pages["account-unconnected"] = visit.get("/account")
            pages["leaving"] = leaving = _of_row(pages["account-unconnected"], others.ID).submit()
            others.follow(visit, provider, leaving, "ada")
            [link] = account.account_links
            pages["account-connections"] = visit.get("/account?status=connected")
            pages["account-disconnect"] = visit.get(f"/account?change=disconnect&row={link.href.rpartition('/')[2]}")
            pages["account-not-connected"] = visit.get("/account?status=not-connected")
        first = {"look": {"name": "Acme"}, "social": pairs, "socialSignIn": {"place": "before"}}
        pages["sign-in-ways-first"] = Visit(web=first).get("/login")
        shown = _texts(pages)
        # A browser that looks at it is to stay there.
        return shown | {"leaving": re.sub('<meta http-equiv="refresh"[^>]*>', "", shown["leaving"])}


def _of_row(page: Any, row: str) -> Any:
    """The form of the account page of that row."""
    return next(each for each in page.forms.values() if "row" in each.fields and each["row"].value == row)


def _development_states() -> dict[str, str]:
    """The panel of the development server, a mail there, and a page of ours with the bar below it."""
    key = "a-key"
    site = development_site(make_site(), key)
    local = {"HTTP_HOST": "localhost:8000", "SERVER_PORT": "8000", "REMOTE_ADDR": "127.0.0.1", "HTTP_ACCEPT": BROWSER}
    visit = TestApp(site, extra_environ=local)
    visit.get(opening("", key))
    ada = next(form for form in visit.get(PANEL).forms.values() if "name" in form.fields)
    ada.submit()
    refused = visit.get("/staff", status=403)
    stranger = TestApp(site, extra_environ=local)
    stranger.get(opening("", key))
    form = stranger.get("/forgot").form
    form["email"] = ADA
    form.submit()
    panel = visit.get(PANEL)
    bar = f"<style>{CSS}</style>"
    return {
        "development": panel.text,
        "development-mail": panel.click("Choose a new password").text,
        "development-refused": re.sub('<link rel="stylesheet" href="[^"]*bar.css">', bar, refused.text),
    }


def _demo_states(folder: Path) -> dict[str, str]:
    """The demo site's own pages, their style sheet inside."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("STORMPATH_INSTANCE", str(folder / "instance"))
        patched.setenv("STORMPATH_PASSWORDHASHER", "support.cheap:HASHER")
        demo = runpy.run_path(str(_DEMO))
    site, css = demo["application"], demo["CSS"]
    with closing(site.client):
        visit = Visit(site=site)
        visit.extra_environ |= {"HTTP_HOST": "localhost:8000", "REMOTE_ADDR": "127.0.0.1"}
        account = visit.account(ADA)
        pages = {"demo-stranger": visit.get("/"), "demo-no-mails": visit.get("/inbox")}
        visit.fill_in("/forgot", email=ADA)
        eventually(lambda: "Choose a new password" in visit.get("/inbox"))
        inbox = visit.get("/inbox")
        mail = inbox.click("Choose a new password")
        pages |= {
            "demo-mails": inbox,
            "demo-mail": mail,
            "demo-mail-html": mail.click("See it as"),
            "demo-missing": visit.get("/nowhere", status=404),
        }
        visit.sign_in(ADA)
        pages |= {"demo": visit.get("/"), "demo-members": visit.get("/members")}
        admins = site.application.groups.create({"name": "admins"})
        admins.add_account(account)
        pages["demo-admin"] = visit.get("/admin")
        style = f"<style>{css}</style>"
        return {
            name: page.text.replace('<link rel="stylesheet" href="/demo.css">', style) for name, page in pages.items()
        }

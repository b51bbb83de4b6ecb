"""The pages that take a code from a mail: for a new password, and for an address that is verified."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.browsing import PASSWORD, Visit, make_site
from support.post import text
from support.post_office import PostOffice, post_office
from support.servers import served_api

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.client import Directory
from stormpath_wsgi.events import StatusChanged
from stormpath_wsgi.settings import MailSettings

ADA, NOBODY, NEW = "ada@example.org", "nobody@example.org", "Another-horse-8"
DIGITS = re.compile(r"^ {4}(\d{3,4}) (\d{3,4})\r?$", re.M)
WRONG, DEAD = "That code is not right. Check the mail again.", "That code is too old. Send a new one."


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    with post_office() as opened:
        yield opened


@pytest.fixture(scope="module")
def behind_the_api(office: PostOffice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    database = f"sqlite:///{tmp_path_factory.mktemp('codes')}/accounts.db"
    with served_api(database, mail=MailSettings(url=office.url)) as opening:
        key = {"id": opening["id"], "secret": opening["secret"]}
        yield {"directory": opening["url"], "application": {"name": "My Application"}, "client": {"apiKey": key}}


@pytest.fixture(params=["embedded", "remote"])
def visit(request: pytest.FixtureRequest, office: PostOffice) -> Iterator[Visit]:
    """To a site that verifies addresses, which has no accounts and leaves none behind."""
    embedded: dict[str, Any] = {"mail": {"url": office.url}}
    site = make_site(**embedded if request.param == "embedded" else request.getfixturevalue("behind_the_api"))
    with closing(site.client):
        mapping = site.application.default_account_store_mapping
        assert mapping is not None
        assert isinstance(mapping.account_store, Directory)
        policy = mapping.account_store.account_creation_policy
        policy.verification_email_status = "ENABLED"
        policy.save()
        yield Visit(site=site)
        for account in list(site.application.accounts):
            account.delete()
    assert office.empty() == []


def account(site: StormpathMiddleware) -> None:
    wish = {"email": ADA, "password": PASSWORD, "given_name": "Ada", "surname": "Lovelace"}
    site.application.accounts.create(wish, registration_workflow_enabled=False)


def code_in(office: PostOffice) -> str:
    found = DIGITS.search(text(office.next()))
    assert found
    return "".join(found.groups())


def typed(page: Any, code: str) -> Any:
    page.forms[0]["code"] = code
    return page.forms[0].submit()


def other(code: str) -> str:
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"


def test_a_code_opens_the_page_for_a_new_password(visit: Visit, office: PostOffice) -> None:
    account(visit.site)
    page = visit.fill_in("/forgot", email=ADA).follow()
    assert page.request.query_string == "status=sent"
    assert page.html.h1.get_text() == "Check your mail"
    assert f"If {ADA} has an account at My Application" in page.html.main.get_text()
    code = code_in(office)
    assert "Enter the code from the mail." in typed(page, " ")
    page = typed(page, other(code))
    assert WRONG in page
    assert page.html.title.get_text() == "Error: Check your mail · My Application"
    page = typed(page, f"{code[:4]} {code[4:]}").follow()
    assert page.html.h1.get_text() == "Choose a new password"
    page.form["password"] = NEW
    twice = [page.form.submit().headers["Location"] for _ in range(2)]
    assert twice == ["/login?status=reset"] * 2, "a double click"
    assert office.next()["Subject"] == "Your password for My Application was changed"
    assert visit.site.flows.sign_in.prove(ADA, NEW).email == ADA
    assert visit.get("/forgot?status=sent").html.h1.get_text() == "Reset your password", "it waits for no mail any more"
    page.form["password"] = f"{NEW}9"
    assert page.form.submit().headers["Location"] == "/forgot?status=invalid_sptoken"


def test_a_code_verifies_the_address_of_who_registers(visit: Visit, office: PostOffice) -> None:
    told: list[StatusChanged] = []
    visit.site.events.listen(StatusChanged, told.append)
    page = visit.fill_in("/register", givenName="Ada", surname="Lovelace", email=ADA, password=PASSWORD).follow()
    assert page.request.path_qs == "/verify?status=sent"
    assert page.html.h1.get_text() == "Verify your address"
    assert f"We mailed a code to {ADA}. It works for 10 minutes." in page.html.main.get_text()
    first = code_in(office)
    again = [page.forms[1].submit("again") for _ in range(2)]
    assert {answer.headers["Location"] for answer in again} == {"/verify?status=sent"}
    code = code_in(office)
    if code != first:
        assert WRONG in typed(page, first)
    assert typed(page, code).headers["Location"] == "/login?status=verified"
    assert [(event.old, event.new, event.credential) for event in told] == [
        ("UNVERIFIED", "ENABLED", "verification token")
    ]
    assert visit.site.flows.sign_in.prove(ADA, PASSWORD).email == ADA


def test_a_double_click_on_the_button_is_told_that_it_is_done_and_nobody_else_is(
    visit: Visit, office: PostOffice
) -> None:
    told: list[StatusChanged] = []
    visit.site.events.listen(StatusChanged, told.append)
    visit.account(ADA)
    path = office.path()
    page = visit.get(path)
    assert [page.form.submit().headers["Location"] for _ in range(2)] == ["/login?status=verified"] * 2
    assert len(told) == 1
    stranger = Visit(site=visit.site)
    csrf = stranger.get("/login").form["csrfToken"].value
    token = path.partition("sptoken=")[2]
    assert "This link no longer works" in stranger.post("/verify", {"sptoken": token, "csrfToken": csrf})


def test_an_address_that_nobody_has_is_answered_as_any_other(visit: Visit, office: PostOffice) -> None:
    account(visit.site)
    seen: dict[str, list[str]] = {}
    for address in (ADA, NOBODY):
        browser = Visit(site=visit.site)
        page = browser.fill_in("/forgot", email=address).follow()
        code = code_in(office) if address == ADA else "12345678"
        for wrong in [other(code)] * 5 + [code]:
            answer = typed(page, wrong)
            seen.setdefault(address, []).append(bare(answer, address))
        assert DEAD in answer
    assert seen[ADA] == seen[NOBODY]


def test_who_registers_with_an_address_that_is_taken_is_told_what_everybody_is_told(
    visit: Visit, office: PostOffice
) -> None:
    account(visit.site)
    names = {"givenName": "Eve", "surname": "L", "password": PASSWORD}
    seen: dict[str, list[str]] = {}
    for address in (ADA, NOBODY):
        browser = Visit(site=visit.site)
        form = browser.get("/register").form
        for name, value in {**names, "email": address}.items():
            form[name] = value
        answers = [form.submit() for _ in range(2)]
        page = answers[0].follow()
        for answer in (*answers, page, typed(page, "1")):
            headers = {name: value for name, value in answer.headers.items() if name != "Set-Cookie"}
            seen.setdefault(address, []).append(f"{sorted(headers)} {answer.location} {bare(answer, address)}")
        spa = Visit("application/json", site=visit.site)
        again = spa.post_json("/register", {**names, "email": address.replace("nobody", "other")}).json["account"]
        assert again.pop("href").startswith(visit.site.client.base_url)
        assert again.pop("createdAt") == again.pop("modifiedAt") == again.pop("passwordModifiedAt")
        seen[address].append(str(again).replace(address.replace("nobody", "other"), "A"))
    assert seen[ADA] == seen[NOBODY]
    subjects = [(mail["To"], mail["Subject"].partition(" ")[0]) for mail in (office.next() for _ in range(4))]
    assert sorted(subjects) == [(ADA, "Your"), (ADA, "Your"), (NOBODY, "Verify"), ("other@example.org", "Verify")]


def test_a_setting_tells_that_an_address_is_taken() -> None:
    visit = Visit(web={"register": {"tellsTaken": True}})
    [directory] = visit.site.client.directories
    directory.account_creation_policy.verification_email_status = "ENABLED"
    directory.account_creation_policy.save()
    visit.account(ADA)
    form = {"givenName": "Eve", "surname": "L", "email": ADA, "password": PASSWORD}
    assert "This address has an account." in visit.fill_in("/register", **form)
    assert Visit("application/json", site=visit.site).post_json("/register", form, status=409)


def test_the_code_is_no_good_in_another_browser(visit: Visit, office: PostOffice) -> None:
    account(visit.site)
    hers, his = Visit(site=visit.site), Visit(site=visit.site)
    page = hers.fill_in("/forgot", email=ADA).follow()
    code = code_in(office)
    csrf = his.get("/forgot").form["csrfToken"].value
    assert his.post("/forgot", {"code": code, "csrfToken": csrf}).headers["Location"] == "/forgot"
    theirs = his.fill_in("/forgot", email=NOBODY).follow()
    assert WRONG in typed(theirs, code)
    assert typed(page, code).headers["Location"].startswith("/change?sptoken=")


def bare(answer: Any, address: str) -> str:
    """A page without what differs from visit to visit."""
    page = re.sub(r'value="[^"]*"', "", answer.text)
    return f"{answer.status} {page}".replace("<wbr>", "").replace(address, "A")


DEVELOPMENT = {"HTTP_HOST": "127.0.0.1:5000", "REMOTE_ADDR": "127.0.0.1"}
ELSEWHERE: list[dict[str, str]] = [
    {"HTTP_HOST": "evil.example"},
    {"HTTP_HOST": "localhost.evil.example"},
    {"HTTP_HOST": "127.0.0.1:5000@evil.example"},
    {"REMOTE_ADDR": "203.0.113.7"},
    {"HTTP_X_FORWARDED_FOR": "203.0.113.7"},
    {"wsgi.url_scheme": "https"},
]


class TestADevelopmentServer:
    """``flask run`` and the like say nowhere where they serve."""

    @pytest.fixture(autouse=True)
    def new_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever has served the demo site from this folder has left its address there."""
        monkeypatch.chdir(tmp_path)

    def link(self, office: PostOffice, environ: dict[str, str], **settings: Any) -> str:
        site = make_site(mail={"url": office.url}, **settings)
        with closing(site.client):
            account(site)
            visit = Visit("application/json", site=site)
            visit.post_json("/forgot", {"email": ADA}, extra_environ={**DEVELOPMENT, **environ})
            return office.link().partition("?")[0]

    def test_is_where_the_links_of_its_mails_lead(self, office: PostOffice) -> None:
        assert self.link(office, {}) == "http://127.0.0.1:5000/change"
        assert self.link(office, {"HTTP_HOST": "localhost:8080"}) == "http://localhost:8080/change"

    def test_is_believed_by_its_name_only_and_only_where_no_setting_says_where_the_site_is(
        self, office: PostOffice
    ) -> None:
        assert {self.link(office, environ) for environ in ELSEWHERE} == {"https://localhost/change"}
        assert self.link(office, {}, web={"baseUrl": "https://site.example"}) == "https://site.example/change"
        assert self.link(office, {}, base_url="https://id.example/v1") == "https://id.example/change"

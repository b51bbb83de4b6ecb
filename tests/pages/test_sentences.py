"""What people are told when a directory refuses, and that it is never what the REST API says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.browsing import PASSWORD, Visit

import stormpath_wsgi.pages
from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.codes import Code, Whose
from stormpath_wsgi.errors import Error, Unavailable, fault
from stormpath_wsgi.events import Declined
from stormpath_wsgi.flows.refusals import FlowRefused
from stormpath_wsgi.pages.refusal import invalid
from stormpath_wsgi.pages.sentences import GENERAL, SENTENCES, on_page, sentence
from stormpath_wsgi.settings import RegisterForm
from stormpath_wsgi.texts import english

ADA = {"givenName": "Ada", "surname": "Lovelace", "email": "ada@example.org", "password": PASSWORD}
FIELDS = RegisterForm().fields

#: A visitor's fault too, but of what no page of ours asks for: there are programs that do.
ON_NO_PAGE = {
    Code.PROVIDER_REFUSED, Code.PROVIDER_LACKS, Code.REDIRECT_URI_MISSING,
    Code.FROM_PROVIDER, Code.API_KEY_WRONG, Code.FACTOR_DISABLED,
    Code.ALREADY_LINKED, Code.LINKED_TO_ITSELF, Code.LINK_WITHOUT_ACCOUNTS, Code.TOO_MANY_LINKS,
    Code.LINK_WITHIN_DIRECTORY, Code.DIRECTORY_ALREADY_LINKED,
    Code.REFUSED_BY_LISTENER,  # the listener's own sentence is told
    *(code for code in Code if code.name.startswith(("TOKEN_", "SMTP_"))),
    *(code for code in Code if code.name.startswith(("PHONE_", "CHALLENGE_")) and sentence(code) is None),
}  # fmt: skip

#: What a directory says to a site that it does not let in: a failure of ours.
OF_THE_SITE = {Code.NOT_AUTHENTICATED, Code.NOT_ALLOWED}


def test_every_code_that_is_a_visitors_fault_has_a_sentence() -> None:
    visitors = {code for code in Code if code.whose is Whose.VISITOR}
    assert {code for code in visitors - ON_NO_PAGE if sentence(code) is None} == set()
    told = {code for key in SENTENCES for code in (key if isinstance(key, tuple) else (key,)) if isinstance(code, Code)}
    assert told - visitors == {Code.UNAVAILABLE}
    assert told & ON_NO_PAGE == set()


@pytest.mark.parametrize("code", Code, ids=lambda code: code.name)
@pytest.mark.parametrize("attribute", ["email", "nothing"])
def test_no_words_of_the_rest_api_are_told(code: Code, attribute: str) -> None:
    error = fault(code, f"Account {attribute} is what developers hear of.", message="What users of the API hear of.")
    if code is Code.REFUSED_BY_LISTENER:
        with pytest.raises(Declined):
            FlowRefused.of(error)
    elif code.status == 404 or code.status >= 500 or code in OF_THE_SITE:
        with pytest.raises(Error) as failure:
            FlowRefused.of(error)
        assert failure.value is error or isinstance(failure.value, Unavailable)
    else:
        told = invalid(FlowRefused.of(error), FIELDS).told(english()).message
        assert told
        assert "hear of" not in told
        assert "%" not in told


def test_no_page_asks_for_the_words_of_the_rest_api() -> None:
    folder = Path(stormpath_wsgi.pages.__file__).parent
    assert [file.name for file in folder.rglob("*.py") if "user_message" in file.read_text()] == []


@pytest.mark.parametrize("number", [-1, 4242, int(Code.APPLICATION_WITHOUT_DEFAULT_ACCOUNT_STORE)])
def test_a_code_without_a_sentence_gets_the_general_one_and_the_log_has_the_rest(
    number: int, caplog: pytest.LogCaptureFixture
) -> None:
    body = {"status": 400, "code": number, "message": "For users.", "developerMessage": "For developers."}
    assert invalid(FlowRefused.of(Error(body)), FIELDS).told(english()).message == GENERAL
    assert f"error {number}, For developers." in caplog.text


class TestAtTheRegisterPage:
    @pytest.fixture(scope="class")
    @classmethod
    def site(cls) -> StormpathMiddleware:
        fields = {"username": {"enabled": True, "required": False}}
        site = Visit(web={"register": {"form": {"fields": fields}}})
        site.account("bob@example.org", username="bob")
        return site.site

    @pytest.fixture
    def visit(self, site: StormpathMiddleware) -> Visit:
        """At a site that has Bob, and asks for usernames."""
        return Visit(site=site)

    @pytest.mark.parametrize(
        ("values", "field", "message"),
        [
            ({"email": "ada"}, "email", "Enter an address like jo@example.com."),
            ({"email": "bob@example.org"}, "email", "This address has an account. Sign in instead"),
            ({"username": "bob"}, "username", "Choose another one: Username is taken."),
            ({"username": "a:b"}, "username", "Username holds characters that cannot be used here."),
            ({"surname": "x" * 256}, "surname", "Use 255 characters at most."),
            ({"givenName": "a\nb"}, "givenName", "First Name holds characters that cannot be used here."),
            ({"password": "x" * 101}, "password", "Use 100 characters at most."),
        ],
    )
    def test_it_is_said_at_the_field_in_the_words_of_the_form(
        self, visit: Visit, values: dict[str, str], field: str, message: str
    ) -> None:
        error = refused(visit, values).html.select_one("div.wrong.alert-danger")
        assert (error["id"], error.get_text()) == (f"{field}-error", message)

    def test_a_single_page_app_reads_the_same(self, visit: Visit) -> None:
        as_json = {"Accept": "application/json"}
        answer = visit.post_json("/register", {**ADA, "email": {"a": 1}}, headers=as_json, status=400)
        assert answer.json == {"status": 400, "message": "Email is not valid."}

    def test_an_address_of_a_domain_that_is_not_wanted_is_said_at_the_address(self) -> None:
        visit = Visit()
        [directory] = visit.site.client.directories
        policy = directory.account_creation_policy
        policy.email_domain_blacklist = ["example.org"]
        policy.save()
        error = refused(visit, {}).html.select_one("div.alert-danger")
        assert (error["id"], "that domain" in error.get_text()) == ("email-error", True)

    def test_what_only_the_owner_of_the_site_can_mend_is_for_the_log(self, caplog: pytest.LogCaptureFixture) -> None:
        visit = Visit()
        [mapping] = visit.application.account_store_mappings
        mapping.is_default_account_store = False
        mapping.save()
        page = refused(visit, {})
        assert page.html.select_one("div.alert-danger").get_text(strip=True) == on_page(GENERAL, None)
        assert "error 5100, The application has no default account store." in caplog.text


def refused(visit: Visit, values: dict[str, str]) -> Any:
    """The page that says what is wrong with the *values*."""
    token = visit.get("/register").form["csrfToken"].value
    return visit.post("/register", {**ADA, **values, "csrfToken": token}, status=200)

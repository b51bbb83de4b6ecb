"""The page that asks for a second factor."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.browsing import PASSWORD, Visit, make_site
from support.second_factors import Phone, asked

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.client import Account


@pytest.fixture(scope="module")
def site() -> StormpathMiddleware:
    return make_site(web={"look": {"name": "Acme"}})


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


def test_a_code_of_the_app_finishes_the_sign_in(visit: Visit, phone: Phone) -> None:
    page = asked(visit, at="/login?next=%2Freports")
    assert "Enter your code" in page and "ada@example.org" in page
    assert not visit.is_signed_in()
    form = page.form
    form["code"] = phone.code()
    assert form.submit(status=302).headers["Location"] == "/reports"
    assert visit.is_signed_in()

"""What people do with their own account on the account page, over either end of the data store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from support.browsing import PASSWORD, Visit, make_site
from support.questions import site as questions

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.events import (
    AfterEvent,
    ApiKeyDisabled,
    ApiKeyMade,
    DeletionAsked,
    SessionEnded,
    SignedIn,
    SignedOut,
    StatusChanged,
)
from stormpath_wsgi.flows import SignInRefused

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
    "Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def site(directory: dict[str, Any]) -> Iterator[StormpathMiddleware]:
    made = make_site(questions, **directory, web={"account": {"apiKeys": True}})
    with closing(made.client):
        Visit(site=made).account()
        yield made


def visitor(site: StormpathMiddleware, agent: str, address: str) -> Visit:
    """Ada in one of her browsers."""
    visit = Visit(site=site)
    visit.extra_environ |= {"HTTP_USER_AGENT": agent, "REMOTE_ADDR": address}
    visit.sign_in()
    return visit


def rows(visit: Visit) -> list[str]:
    found = visit.get("/account").html.find(id="devices").find_all(class_="row")
    return [" ".join(row.find(class_="row-text").get_text().split()) for row in found]


def is_in(visit: Visit) -> bool:
    return "user: ada@example.org" in visit.get("/")


def form(page: Any, action: str) -> Any:
    return next(each for each in page.forms.values() if "action" in each.fields and each["action"].value == action)


def test_places_are_told_and_signed_out(site: StormpathMiddleware, told: list[AfterEvent]) -> None:
    desk, hand = visitor(site, FIREFOX, "203.0.113.7"), visitor(site, SAFARI, "2001:db8::7")
    assert rows(desk) == [
        "Firefox on Linux This device 203.0.113.7 · signed in just now",
        "Safari on iPhone 2001:db8::7 · just now",
    ]
    del told[:]
    page = form(desk.get("/account"), "sign-out-device").submit(status=303).follow()
    assert "That device is signed out." in page
    assert is_in(desk) and not is_in(hand)
    assert [type(event) for event in told] == [SessionEnded]
    others = [visitor(site, SAFARI, "2001:db8::7") for _ in range(2)]
    form(desk.get("/account"), "sign-out-others").submit(status=303)
    assert is_in(desk) and not any(is_in(other) for other in others)
    assert len(rows(desk)) == 1


def test_an_api_key_is_made_and_revoked(site: StormpathMiddleware, told: list[AfterEvent]) -> None:
    visit = visitor(site, FIREFOX, "203.0.113.7")
    del told[:]
    asked = form(visit.get("/account?change=new-key"), "make-key")
    asked["name"] = "Nightly backup"
    page = asked.submit(status=200)
    id, secret = (found.get_text() for found in page.html.find("dl", class_="secret").find_all("dd"))
    key = site.application.api_keys.get_key(id, secret)
    assert key and key.name == "Nightly backup"
    assert secret not in visit.get("/account")
    revoke = form(visit.get(f"/account?change=revoke-key&row={id}"), "revoke-key")
    revoke.submit(status=303)
    assert not site.application.api_keys.get_key(id)
    assert [type(event) for event in told] == [ApiKeyMade, ApiKeyDisabled]


def test_the_data_of_the_account_are_one_file(site: StormpathMiddleware) -> None:
    visit = visitor(site, FIREFOX, "203.0.113.7")
    account = next(iter(site.application.accounts.search({"email": "ada@example.org"})))
    account.custom_data["colour"] = "grün ✓"
    account.custom_data.save()
    group = account.directory.groups.create({"name": "staff"})
    try:
        account.add_group(group)
        key = account.api_keys.create({"name": "robot"})
        answer = form(visit.get("/account"), "download-data").submit(status=200)
    finally:
        group.delete()
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="account.json"'
    data = json.loads(answer.body)
    assert data["account"]["email"] == "ada@example.org" and data["customData"]["colour"] == "grün ✓"
    assert [found["name"] for found in data["groups"]] == ["staff"]
    assert [found["name"] for found in data["apiKeys"]] == ["robot"]
    assert [(found["agent"], found["address"]) for found in data["sessions"]] == [(FIREFOX, "203.0.113.7")]
    assert key.secret not in answer and PASSWORD not in answer


def test_an_account_is_given_up_and_taken_back(site: StormpathMiddleware, told: list[AfterEvent]) -> None:
    visit, other = visitor(site, FIREFOX, "203.0.113.7"), visitor(site, SAFARI, "2001:db8::7")
    page = visit.get("/account?change=delete")
    assert "For 14 days you can change your mind by signing in." in page
    asked = form(page, "delete-account")
    asked["password"] = "wrong"
    assert "not your password" in asked.submit(status=200)
    assert is_in(visit)
    del told[:]
    asked["password"] = PASSWORD
    answer = asked.submit(status=303)
    assert answer.headers["Location"] == "/login?status=deletion"
    assert "Your account is going to be deleted." in answer.follow()
    assert not is_in(visit) and not is_in(other)
    assert [type(event) for event in told] == [StatusChanged, DeletionAsked, SignedOut]
    wrong = visit.post_json(
        "/login", {"login": "ada@example.org", "password": "wrong"}, headers={"Accept": "application/json"}, status=400
    )
    nobody = visit.post_json(
        "/login", {"login": "bob@example.org", "password": "wrong"}, headers={"Accept": "application/json"}, status=400
    )
    assert wrong.json == nobody.json
    with pytest.raises(SignInRefused):  # what a program with a stored password asks is no change of mind
        site.flows.sign_in.prove("ada@example.org", PASSWORD)
    visit.sign_in()
    assert is_in(visit) and SignedIn in {type(event) for event in told}
    assert next(iter(site.application.accounts.search({"email": "ada@example.org"}))).is_enabled()

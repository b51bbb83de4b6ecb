"""Who am I?"""

from __future__ import annotations

import pytest
from support.browsing import BROWSER, Visit

VALUES = {
    "href", "username", "email", "givenName", "middleName", "surname", "fullName", "status", "createdAt", "modifiedAt",
    "emailVerificationStatus", "passwordModifiedAt",
}  # fmt: skip


@pytest.mark.parametrize("accept", [BROWSER, "application/json", "text/html", "foo/bar", "*/*", ""])
def test_whoever_is_signed_in_gets_the_account_whatever_he_accepts(visit: Visit, accept: str) -> None:
    account = visit.account()
    visit.sign_in()
    answer = visit.get("/me", headers={"Accept": accept})
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.json.keys() == {"account"}
    assert answer.json["account"].keys() == VALUES
    assert answer.json["account"]["href"] == account.href
    assert answer.json["account"]["createdAt"].endswith("Z")
    assert {"no-cache", "no-store"} <= set(answer.headers["Cache-Control"].split(", "))
    assert answer.headers["Pragma"] == "no-cache"


def test_a_stranger_with_a_browser_is_asked_to_sign_in(visit: Visit) -> None:
    assert visit.get("/me").headers["Location"] == "/login?next=%2Fme"


@pytest.mark.parametrize("accept", ["application/json", "*/*", "foo/bar"])
def test_another_stranger_gets_an_empty_401(visit: Visit, accept: str) -> None:
    answer = visit.get("/me", headers={"Accept": accept}, status=401)
    assert answer.body == b""
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_cookie_that_is_worth_nothing_is_taken_away(visit: Visit) -> None:
    visit.set_cookie("stormpath_session", "forged")
    visit.get("/me")
    assert "stormpath_session" not in visit.cookies


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods_are_for_the_application(visit: Visit, method: str) -> None:
    assert "app: " in visit.request("/me", method=method, status=404)


class TestExpansion:
    @pytest.fixture
    def expanded(self) -> Visit:
        links = ("customData", "directory", "groups", "groupMemberships", "tenant", "applications", "apiKeys")
        return Visit("application/json", web={"me": {"expand": dict.fromkeys(links, True)}})

    def test_what_the_settings_name_is_there_and_the_rest_is_not(self, expanded: Visit) -> None:
        account = expanded.account(custom_data={"rank": {"href": "kept"}})
        group = expanded.application.groups.create({"name": "staff", "custom_data": {"secret": 1}})
        account.add_group(group)
        expanded.sign_in()
        me = expanded.get("/me").json["account"]
        assert me["customData"]["rank"] == {"href": "kept"}
        assert me["directory"]["href"] == account.directory.href
        assert "accounts" not in me["directory"]
        assert me["groups"]["size"] == 1
        assert me["groups"]["items"][0]["name"] == "staff"
        assert "customData" not in me["groups"]["items"][0]
        assert me["groupMemberships"]["items"][0].keys() == {"href"}
        assert me["applications"]["items"][0]["href"] == expanded.application.href
        assert me["tenant"].keys() >= {"href", "name", "key"}
        assert "providerData" not in me

    def test_api_keys_are_there_without_their_secrets(self, expanded: Visit) -> None:
        key = expanded.account().api_keys.create({"name": "robot"})
        expanded.sign_in()
        answer = expanded.get("/me")
        (shown,) = answer.json["account"]["apiKeys"]["items"]
        assert (shown["id"], shown["name"], shown["status"]) == (key.id, "robot", "ENABLED")
        assert key.secret not in answer.text

    def test_all_items_of_a_collection_are_there(self, expanded: Visit) -> None:
        account = expanded.account()
        for number in range(101):
            account.add_group(expanded.application.groups.create({"name": f"group {number}"}))
        expanded.sign_in()
        groups = expanded.get("/me").json["account"]["groups"]
        assert groups["size"] == 101
        assert len({group["href"] for group in groups["items"]}) == 101

    def test_signing_in_expands_nothing(self, expanded: Visit) -> None:
        expanded.account()
        answer = expanded.post_json("/login", {"login": "ada@example.org", "password": "Correct-horse-7"})
        assert answer.json["account"].keys() == VALUES

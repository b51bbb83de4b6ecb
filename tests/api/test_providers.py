"""Accounts of social providers over the REST API: what SDKs send, and which status tells that an account is new."""

from __future__ import annotations

from typing import Any

from support.callers import Caller
from support.elsewhere import CALLBACK, Elsewhere
from support.world import BASE, World
from werkzeug.test import TestResponse


def answered(response: TestResponse) -> dict[str, Any]:
    document: dict[str, Any] = response.get_json()
    return document


def test_a_new_account_is_201_and_a_known_one_200(world: World, caller: Caller, elsewhere: Elsewhere) -> None:
    token = elsewhere.provider.access_token()
    body = {"providerData": {"providerId": "test", "accessToken": token}}
    made = caller.post(f"{world.application}/accounts", body)
    assert made.status_code == 201
    assert made.headers["Location"] == answered(made)["href"]
    again = caller.post(f"{world.application}/accounts", body)
    assert again.status_code == 200
    assert "Location" not in again.headers
    assert (
        answered(again).keys()
        == answered(made).keys()
        == world.service.get(answered(made)["href"].removeprefix(f"{BASE}/")).keys()
    )
    assert answered(again)["href"] == answered(made)["href"]
    expanded = caller.post(f"{world.application}/accounts", body, expand="providerData")
    assert answered(expanded)["providerData"]["accessToken"] == token


def test_a_refusal_has_the_texts_that_sdks_compare(world: World, caller: Caller, elsewhere: Elsewhere) -> None:
    data: dict[str, Any] = {"providerId": "test", "code": "x", "redirectUri": CALLBACK}
    refused = caller.post(f"{world.application}/accounts", {"providerData": data})
    assert (refused.status_code, answered(refused)["code"]) == (400, 7200)
    assert "error message: 400" in answered(refused)["developerMessage"]
    data["providerId"] = "google"
    refused = caller.post(f"{world.application}/accounts", {"providerData": data})
    assert (refused.status_code, answered(refused)["code"]) == (400, 5201)

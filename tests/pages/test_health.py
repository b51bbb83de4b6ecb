"""How the site is, told to whoever runs it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.browsing import Visit
from support.servers import served_api

ADDRESSES = ["/health", "/ready"]
ON = {"health": {"enabled": True}, "ready": {"enabled": True}}


@pytest.fixture(scope="module")
def visit() -> Visit:
    return Visit(web=ON)


def test_they_are_the_applications_unless_they_are_switched_on() -> None:
    visit = Visit()
    for address in ADDRESSES:
        assert "app: " in visit.get(address, status=404)


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_answer_is_200_whatever_is_accepted_and_no_cache_keeps_it(visit: Visit, address: str) -> None:
    for accept in ("", "*/*", "text/html", "application/json", "foo/bar"):
        answer = visit.get(address, headers={"Accept": accept}, status=200)
        assert answer.json["status"] in ("alive", "ready")
        assert "no-store" in answer.headers["Cache-Control"]


def test_a_site_whose_directory_has_no_application_lives_and_is_not_ready() -> None:
    visit = Visit(web=ON)
    visit.application.delete()
    visit.get("/health", status=200)
    answer = visit.get("/ready", headers={"Accept": "application/json"}, status=503)
    assert answer.headers["Retry-After"]


def test_a_site_whose_directory_cannot_be_reached_lives_and_is_not_ready(tmp_path: Path) -> None:
    with served_api(f"sqlite:///{tmp_path}/accounts.db") as there:
        key = {"id": there["id"], "secret": there["secret"]}
        visit = Visit(web=ON, directory=there["url"], application={"name": "My Application"}, client={"apiKey": key})
        visit.get("/ready", status=200)
    visit.get("/health", status=200)
    visit.get("/ready", headers={"Accept": "application/json"}, status=503)
    visit.site.client.close()

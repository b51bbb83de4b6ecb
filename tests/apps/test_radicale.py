"""Radicale, and a calendar program (caldav), with the password of the account."""

from __future__ import annotations

from collections.abc import Iterator

import caldav
import pytest
from caldav.lib.error import AuthorizationError
from real.test_deploy import PASSWORD
from support.recipes import Person, Site, copied, served

EVENT = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//EN
BEGIN:VEVENT
UID:tea@example.com
DTSTAMP:20260101T120000Z
DTSTART:20260102T160000Z
DTEND:20260102T170000Z
SUMMARY:Tea with Charles
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("radicale")
    copied("radicale.ini", folder, "radicale/config")
    with served("radicale.py", folder, https=True) as site:
        yield site


def program_of(site: Site, person: Person, password: str) -> caldav.DAVClient:
    return caldav.DAVClient(
        f"{site.address}/", username=person.name, password=password, ssl_verify_cert=str(site.trusted)
    )


@pytest.mark.parametrize("shape", ["password", "API key"])
def test_a_calendar_program_keeps_the_dates_of_its_owner(site: Site, shape: str) -> None:
    password = PASSWORD if shape == "password" else site.ada.secret
    with program_of(site, site.ada, password) as program:
        calendar = program.principal().make_calendar(f"With {shape}")
        calendar.save_event(EVENT)
    with program_of(site, site.ada, password) as program:
        [calendar] = [each for each in program.principal().calendars() if each.name == f"With {shape}"]
        [event] = calendar.events()
        assert "Tea with Charles" in event.data
        assert "/ada/" in str(calendar.url)


def test_nobody_sees_the_dates_of_somebody_else(site: Site) -> None:
    with program_of(site, site.bob, PASSWORD) as program:
        assert program.principal().calendars() == []
    assert site.status("/ada/", site.bob, method="PROPFIND") == 403


def test_a_wrong_password_opens_nothing(site: Site) -> None:
    with program_of(site, site.ada, "Wrong-Horse-9") as program, pytest.raises(AuthorizationError):
        program.principal()

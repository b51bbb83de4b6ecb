"""Each check of the doctor: a finding where it is wrong, and none where it is right."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support.broken_site import ADA, BareSite, BrokenSite, broken_setups

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.doctor import outbox
from stormpath_wsgi.doctor.account import own_account
from stormpath_wsgi.doctor.check import Check
from stormpath_wsgi.doctor.connection import InProcess
from stormpath_wsgi.doctor.examination import Report, declared, examine
from stormpath_wsgi.doctor.outbox import folder_of
from stormpath_wsgi.doctor.setup import Setup
from stormpath_wsgi.doctor.site import Places, Site
from stormpath_wsgi.settings import Settings

#: What is asked of servers only, and not of an application that is called in this process.
OF_SERVERS = {"hsts", "clock"}


class Pretended:
    """A site that is called in this process, and passes for one behind a server at *origin*."""

    served = True

    def __init__(self, app: BrokenSite, origin: str) -> None:
        self.origin = origin
        self.send = InProcess(app, origin, clock=app.clock).send


class Found(NamedTuple):
    """The ids of checks. *broken*: of those that found something on broken sites. *good*: what was seen on a good one,
    by the id of the check. *done*: of those that were made there.
    """

    broken: list[str]
    good: dict[str, list[str]]
    done: list[str]


@pytest.fixture(scope="session")
def found(tmp_path_factory: pytest.TempPathFactory, made_once: Callable[[str, Callable[[], Any]], Any]) -> Found:
    return Found(*made_once("doctor", lambda: _found(tmp_path_factory)))


def _found(folders: pytest.TempPathFactory) -> Found:
    report, good = on_a_good_site(folders.mktemp("good")), dict[str, list[str]]()
    for finding in report.findings:
        good.setdefault(finding.check.id, []).append(str(finding.seen))
    broken = {finding.check.id for report in on_broken_sites(folders) for finding in report.findings}
    return Found(sorted(broken), good, [check.id for check in report.done])


def on_broken_sites(folders: pytest.TempPathFactory) -> list[Report]:
    places = Places.of(Settings(protect={"/members": "login"}))
    reports = [examine("settings", None, setup) for setup in broken_setups(folders.mktemp("broken"))]
    mails = folders.mktemp("outbox")
    for app in (BrokenSite(mails), BareSite(mails)):
        for origin in ("https://site.example.com", "http://site.example.com"):
            site = Site(Pretended(app, origin), places, ADA, is_own=True, outbox=mails, clock=app.clock)
            reports.append(examine(origin, site, None))
    return reports


def on_a_good_site(folder: Path) -> Report:
    """The demo site, whose directory verifies addresses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HOME", "")
        patch.setenv("STORMPATH_PASSWORDHASHER", "support.cheap:SOUND_HASHER")
        patch.delitem(sys.modules, "examples.demo", raising=False)
        patch.setattr(outbox, "PATIENCE", 60.0)  # a mail is there soon, and later on a machine that has much to do
        patch.syspath_prepend(str(Path(__file__).parents[2]))
        site: StormpathMiddleware = importlib.import_module("examples.demo").application
        try:
            return examined(site)
        finally:
            site.client.close()
            sys.modules.pop("examples.demo")


def examined(app: StormpathMiddleware) -> Report:
    """What is found on *app*, by an account of its own, as if all its answers took the same time."""
    policy = app.client.directories[0].account_creation_policy
    policy.verification_email_status = "ENABLED"
    policy.save()
    registered: list[str] = []
    with own_account(app.application, registered) as account:
        connection = InProcess(app, "https://localhost", clock=lambda: 0.0)
        setup = Setup(app.settings, type(app.settings).inspect(**app.arguments).effective, [app], environ={})
        site = Site(connection, Places.of(app.settings), account, is_own=True, outbox=folder_of(setup))
        site.registered = registered
        return examine("demo", site, setup)


@pytest.mark.parametrize("check", declared(), ids=lambda check: check.id)
def test_it_fires_where_it_is_wrong_and_not_where_it_is_right(check: Check, found: Found) -> None:
    assert check.id in found.broken
    assert found.good.get(check.id, []) == []
    assert check.id in found.done or check.id in OF_SERVERS

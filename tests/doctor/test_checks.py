"""Each check of the doctor: a finding where it is wrong, and none where it is right."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

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


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The ids of what is found on broken sites."""
    places = Places.of(Settings(protect={"/members": "login"}))
    reports = [examine("settings", None, setup) for setup in broken_setups(tmp_path_factory.mktemp("broken"))]
    mails = tmp_path_factory.mktemp("outbox")
    for app in (BrokenSite(mails), BareSite(mails)):
        for origin in ("https://site.example.com", "http://site.example.com"):
            site = Site(Pretended(app, origin), places, ADA, is_own=True, outbox=mails, clock=app.clock)
            reports.append(examine(origin, site, None))
    return {finding.check.id for report in reports for finding in report.findings}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    """What is found on the demo site, whose directory verifies addresses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("good"))
        patch.setenv("HOME", "")
        patch.setenv("STORMPATH_PASSWORDHASHER", "support.cheap:SOUND_HASHER")
        patch.delitem(sys.modules, "examples.demo", raising=False)
        patch.setattr(outbox, "PATIENCE", 60.0)  # a mail is there soon, and later on a machine that has much to do
        patch.syspath_prepend(str(Path(__file__).parents[2]))
        site: StormpathMiddleware = importlib.import_module("examples.demo").application
        yield examined(site)
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
def test_it_fires_where_it_is_wrong_and_not_where_it_is_right(check: Check, broken: set[str], good: Report) -> None:
    assert check.id in broken
    assert [finding.seen for finding in good.findings if finding.check is check] == []
    assert check in good.done or check.id in OF_SERVERS

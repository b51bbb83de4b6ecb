"""For tests of sites with accounts: a directory in memory for each test, and people who are signed in.

Nothing that serves a site imports this. With pytest, the fixtures of the plug-in are built on it; without it,
``with TestSite(app) as site`` is all there is to know.
"""

from __future__ import annotations

from stormpath_wsgi.testing.clock import Clock
from stormpath_wsgi.testing.mailbox import Mail, Mailbox, Text
from stormpath_wsgi.testing.memory import quick_databases
from stormpath_wsgi.testing.openid import OpenIDProvider
from stormpath_wsgi.testing.people import PASSWORD, Person
from stormpath_wsgi.testing.site import ENVIRON, HASHER, SETTINGS, TestSite
from stormpath_wsgi.testing.target import import_app

__all__ = [
    "ENVIRON",
    "HASHER",
    "PASSWORD",
    "SETTINGS",
    "Clock",
    "Mail",
    "Mailbox",
    "OpenIDProvider",
    "Person",
    "TestSite",
    "Text",
    "import_app",
    "quick_databases",
]

"""Radicale: calendars and address books."""

import os

os.environ["RADICALE_CONFIG"] = "/srv/radicale/config"

from radicale import application as radicale

from stormpath_wsgi import StormpathMiddleware

application = StormpathMiddleware(
    radicale,
    protect={"/": {"policy": "login", "challenge": "basic"}},
    basic={"password": True},
    web={"register": {"enabled": False}},
)

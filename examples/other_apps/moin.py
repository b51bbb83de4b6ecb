"""MoinMoin: a wiki for those who have an account."""

from moin.app import create_app_ext
from moin.auth import GivenAuth

from stormpath_wsgi import StormpathMiddleware

application = StormpathMiddleware(
    create_app_ext("/srv/wiki/wikiconfig.py", auth=[GivenAuth(autocreate=True)]),
    protect={"/": "login"},
    web={"register": {"enabled": False}, "logout": {"page": True}},
)

"""pypiserver: a package index of your own."""

import pypiserver

from stormpath_wsgi import StormpathMiddleware

without_passwords = {"password_file": ".", "authenticate": []}
application = StormpathMiddleware(
    pypiserver.app(roots=["/srv/packages"], **without_passwords),
    protect={"/": {"policy": ["staff"], "challenge": "basic"}},
    web={"register": {"enabled": False}},
)

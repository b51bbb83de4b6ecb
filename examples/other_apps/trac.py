"""Trac: a wiki and tickets. Everybody may read what Trac's own rights allow; /login and /logout are ours."""

import os

os.environ["TRAC_ENV"] = "/srv/trac"

from trac.web.main import dispatch_request as trac

from stormpath_wsgi import StormpathMiddleware

application = StormpathMiddleware(trac, web={"register": {"enabled": False}})

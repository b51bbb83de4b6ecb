"""hgweb: Mercurial's repositories to look at, to clone and to push to."""

from mercurial.hgweb import hgweb

from stormpath_wsgi import StormpathMiddleware

application = StormpathMiddleware(
    hgweb(b"/srv/hg/hgweb.conf"),
    protect={"/": {"policy": ["staff"], "challenge": "basic"}},
    web={"register": {"enabled": False}},
)

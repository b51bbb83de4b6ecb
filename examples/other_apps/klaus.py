"""klaus: git repositories to look at, to clone and to push to."""

import klaus

from stormpath_wsgi import StormpathMiddleware

repositories = klaus.make_app(["/srv/git/project"], "Our repositories", use_smarthttp=True, unauthenticated_push=True)


def whole(environ, start_response):
    """Large pushes come in chunks. gunicorn has put them together, and klaus shall not try it once more."""
    if environ.get("wsgi.input_terminated"):
        environ.pop("HTTP_TRANSFER_ENCODING", None)
    return repositories(environ, start_response)


application = StormpathMiddleware(
    whole,
    protect={"/": {"policy": ["staff"], "challenge": "basic"}},
    web={"register": {"enabled": False}},
)

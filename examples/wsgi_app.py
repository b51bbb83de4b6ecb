"""Bare WSGI, with a callable for each page: ``stormpath-wsgi run examples.wsgi_app:application``."""

from stormpath_wsgi import StormpathMiddleware, groups_required, login_required, user

PLAIN = [("Content-Type", "text/plain; charset=utf-8")]


def home(environ, start_response):
    start_response("200 OK", PLAIN)
    return [f"Hello, {user.given_name if user.is_authenticated else 'stranger'}!".encode()]


@login_required
def members(environ, start_response):
    start_response("200 OK", PLAIN)
    return [b"For members."]


@groups_required(["admins"])
def admins(environ, start_response):
    start_response("200 OK", PLAIN)
    return [b"For admins."]


def missing(environ, start_response):
    start_response("404 Not Found", PLAIN)
    return [b"There is no such page."]


PAGES = {"/": home, "/members": members, "/admins": admins}


def site(environ, start_response):
    return PAGES.get(environ["PATH_INFO"], missing)(environ, start_response)


application = StormpathMiddleware(site)

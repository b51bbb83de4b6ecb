"""Any WSGI app: ``stormpath-wsgi run examples.bare_wsgi:application``, and see / and /admin."""

from stormpath_wsgi import StormpathMiddleware, groups_required, user


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return [f"Hello, {user.given_name if user.is_authenticated else 'stranger'}!".encode()]


application = StormpathMiddleware(hello, protect={"/admin": groups_required(["admins"])})

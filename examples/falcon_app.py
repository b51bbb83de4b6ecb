"""A Falcon app with accounts: ``stormpath-wsgi run examples.falcon_app:application``."""

import falcon

from stormpath_wsgi import StormpathMiddleware, groups_required, login_required, user


class Home:
    def on_get(self, req, resp):
        resp.media = {"hello": user.given_name if user.is_authenticated else "stranger"}


class Members:
    def on_get(self, req, resp):
        resp.media = {"for": "members"}


class Admins:
    def on_get(self, req, resp):
        resp.media = {"for": "admins"}


app = falcon.App()
app.add_route("/", Home())
app.add_route("/members", Members())
app.add_route("/admins", Admins())

application = StormpathMiddleware(app, protect={"/members": login_required, "/admins": groups_required(["admins"])})

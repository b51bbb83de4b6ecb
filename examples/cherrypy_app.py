"""A CherryPy app with accounts: ``stormpath-wsgi run examples.cherrypy_app:application``."""

from html import escape

import cherrypy

from stormpath_wsgi import StormpathMiddleware, groups_required, login_required, user


class Root:
    @cherrypy.expose
    def index(self):
        return f"Hello, {escape(user.given_name) if user.is_authenticated else 'stranger'}!"

    @cherrypy.expose
    def members(self):
        return "For members."

    @cherrypy.expose
    def admins(self):
        return "For admins."


cherrypy.config.update({"environment": "embedded"})
app = cherrypy.Application(Root())

application = StormpathMiddleware(app, protect={"/members": login_required, "/admins": groups_required(["admins"])})

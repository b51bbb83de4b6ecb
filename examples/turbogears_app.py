"""A TurboGears app with accounts: ``stormpath-wsgi run examples.turbogears_app:application``."""

from html import escape

from tg import MinimalApplicationConfigurator, TGController, expose

from stormpath_wsgi import StormpathMiddleware, groups_required, login_required, user


class Root(TGController):
    @expose()
    def index(self):
        return f"Hello, {escape(user.given_name) if user.is_authenticated else 'stranger'}!"

    @expose()
    def members(self):
        return "For members."

    @expose()
    def admins(self):
        return "For admins."


config = MinimalApplicationConfigurator()
config.update_blueprint({"root_controller": Root(), "disable_request_extensions": True})
app = config.make_wsgi_app()

application = StormpathMiddleware(app, protect={"/members": login_required, "/admins": groups_required(["admins"])})

"""One manager for the apps of a factory."""

from flask import Flask

from flask_stormpath import StormpathManager, login_required, user

stormpath_manager = StormpathManager()


def create_app(application: str) -> Flask:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = f"{application}: a secret of the tests that is long enough"
    app.config["STORMPATH_APPLICATION"] = application
    app.config["STORMPATH_DIRECTORY"] = "sqlite://"
    stormpath_manager.init_app(app)

    @app.route("/me")
    @login_required
    def me() -> str:
        return f"{stormpath_manager.application.name}: {user.email}"

    return app

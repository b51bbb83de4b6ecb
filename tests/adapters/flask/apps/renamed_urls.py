"""Pages at addresses of the app's choice, set below the manager's import as tutorials did, and where people go next."""

from flask import Flask, url_for

from flask_stormpath import StormpathManager

app = Flask(__name__)
app.config.update(
    SECRET_KEY="a secret of the tests that is long enough",
    STORMPATH_APPLICATION="My Application",
    STORMPATH_REGISTRATION_URL="/u/join",
    STORMPATH_LOGIN_URL="/u/in",
    STORMPATH_LOGOUT_URL="/u/out",
    STORMPATH_LOGOUT_ON_GET=True,
)
StormpathManager(app)
app.config["STORMPATH_REDIRECT_URL"] = "/dashboard"
app.config["STORMPATH_REGISTRATION_REDIRECT_URL"] = "/welcome"


@app.route("/links")
def links() -> str:
    return " ".join(url_for(f"stormpath.{name}") for name in ("register", "login", "logout"))

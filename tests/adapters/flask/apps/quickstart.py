"""The quickstart: a public page, and one for members."""

from flask import Flask

from flask_stormpath import StormpathManager, login_required, user

app = Flask(__name__)
app.config["SECRET_KEY"] = "a secret of the tests that is long enough"
app.config["STORMPATH_API_KEY_FILE"] = "apiKey.properties"
app.config["STORMPATH_APPLICATION"] = "My Application"

stormpath_manager = StormpathManager(app)


@app.route("/")
def home() -> str:
    return '<a href="/login">Log in</a> <a href="/register">Register</a> <a href="/logout">Log out</a>'


@app.route("/secret")
@login_required
def secret() -> str:
    return f"Hello {user.given_name}"

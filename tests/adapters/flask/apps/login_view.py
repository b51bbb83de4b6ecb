"""A sign-in page of the app's own, whose message and address Flask-Login knows."""

from flask import Flask, get_flashed_messages

from flask_stormpath import StormpathManager, login_required

app = Flask(__name__)
app.config["SECRET_KEY"] = "a secret of the tests that is long enough"
stormpath_manager = StormpathManager(app)
stormpath_manager.login_view = ".welcome"
app.login_manager.login_message = "Members only."  # type: ignore[attr-defined]


@app.route("/welcome")
def welcome() -> str:
    return f"welcome {get_flashed_messages()}"


@app.route("/secret")
@login_required
def secret() -> str:
    return "secret"

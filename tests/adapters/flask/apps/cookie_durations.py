"""Everybody stays signed in for two weeks."""

from datetime import timedelta

from flask import Flask

from flask_stormpath import StormpathManager, user

app = Flask(__name__)
app.config["SECRET_KEY"] = "a secret of the tests that is long enough"
app.config["STORMPATH_COOKIE_DURATION"] = timedelta(days=14)
app.config["STORMPATH_COOKIE_DOMAIN"] = "example.com"
StormpathManager(app)


@app.route("/")
def home() -> str:
    return str(bool(user.is_authenticated))

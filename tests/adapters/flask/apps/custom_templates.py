"""Templates of the app's own, with the form objects of Flask-WTF."""

from typing import Any

from flask import Flask

from flask_stormpath import StormpathManager

app = Flask(__name__, template_folder="custom_templates")
app.config["SECRET_KEY"] = "a secret of the tests that is long enough"
app.config["STORMPATH_REGISTRATION_TEMPLATE"] = "join.html"
StormpathManager(app)


@app.context_processor
def brand() -> dict[str, Any]:
    return {"brand": "The Shop"}


@app.route("/")
def home() -> str:
    return "home"

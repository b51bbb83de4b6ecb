"""Receivers that greet, count, and write into the session."""

from typing import Any

from flask import Flask, flash, get_flashed_messages, session
from flask_login import user_logged_in, user_logged_out

from flask_stormpath import StormpathManager, User, login_required, user
from flask_stormpath.models import user_created, user_deleted, user_updated

app = Flask(__name__)
app.config["SECRET_KEY"] = "a secret of the tests that is long enough"
StormpathManager(app)
told: list[str] = []


@user_created.connect_via(app)
def greet(sender: Flask, user: dict[str, Any]) -> None:
    flash(f"Welcome, {user['given_name']}!")
    told.append("created")


def note(sender: Flask, user: User) -> None:
    session["visits"] = session.get("visits", 0) + 1
    told.append("in")


user_logged_in.connect(note, app)
user_logged_out.connect(lambda sender, user: told.append("out"), app, weak=False)
user_updated.connect(lambda sender, user: told.append(f"updated {user['surname']}"), app, weak=False)
user_deleted.connect(lambda sender, user: told.append(f"deleted {user['email']}"), app, weak=False)


@app.route("/")
def home() -> str:
    return f"{session.get('visits')} {get_flashed_messages()}"


@app.route("/marry")
@login_required
def marry() -> str:
    user.surname = "King"
    user.save()
    return "married"


@app.route("/leave")
@login_required
def leave() -> str:
    user.delete()
    return "gone"

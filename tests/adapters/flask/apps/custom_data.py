"""Custom data: written when somebody registers, by a receiver that reads the form, and in views."""

from typing import Any

from flask import Flask, redirect, request
from werkzeug.wrappers import Response

from flask_stormpath import StormpathManager, User, login_required, user
from flask_stormpath.models import user_created

app = Flask(__name__)
app.config["SECRET_KEY"] = "a secret of the tests that is long enough"
stormpath_manager = StormpathManager(app)


@user_created.connect_via(app)
def remember_company(sender: Flask, user: dict[str, Any]) -> None:
    account = stormpath_manager.client.accounts.get(user["href"])
    account.custom_data["company"] = request.form.get("company", "none")
    account.save()


@app.route("/dashboard", methods=["GET", "POST"])
@login_required
def dashboard() -> "str | Response":
    if request.method == "POST":
        user.custom_data["birthday"] = request.form["birthday"]
        user.save()
        return redirect("/dashboard")
    return f"{user.custom_data.get('company')} {user.custom_data.get('birthday')}"


@app.route("/invite/<email>")
def invite(email: str) -> str:
    made = User.create(email, "woot1LoveCookies!", "Grace", "Hopper", custom_data={"rank": "admiral", "tags": ["navy"]})
    return str(made.custom_data["rank"])

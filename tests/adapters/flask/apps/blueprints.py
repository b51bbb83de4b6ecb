"""An app of blueprints, one of which has its own account page and guards all of its views."""

from flask import Blueprint, Flask, redirect, request, url_for
from werkzeug.wrappers import Response

from flask_stormpath import StormpathManager, current_user, login_required, user

account = Blueprint("account", __name__, url_prefix="/account")
desk = Blueprint("desk", __name__, url_prefix="/desk")


@account.route("", strict_slashes=False)
@login_required
def profile() -> str:
    return f"profile of {user.email}"


@desk.before_request
def guard() -> "Response | None":
    if not current_user.is_authenticated:
        return redirect(url_for("stormpath.login", next=request.path))
    return None


@desk.route("/")
def papers() -> str:
    return "papers"


app = Flask(__name__)
app.config["SECRET_KEY"] = "a secret of the tests that is long enough"
StormpathManager(app)
app.register_blueprint(account)
app.register_blueprint(desk)

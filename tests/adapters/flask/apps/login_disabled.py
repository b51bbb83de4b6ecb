"""An app whose own tests switch signing in off."""

from flask import Flask

from flask_stormpath import StormpathManager, groups_required, login_required, user

app = Flask(__name__)
app.config["SECRET_KEY"] = "a secret of the tests that is long enough"
StormpathManager(app)


@app.route("/secret")
@login_required
def secret() -> str:
    return f"secret {user.is_anonymous}"


@app.route("/admin")
@groups_required(["admins"])
def admin() -> str:
    return "admin"

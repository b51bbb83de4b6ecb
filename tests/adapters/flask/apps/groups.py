"""Views for the members of groups."""

from flask import Flask

from flask_stormpath import StormpathManager, groups_required, user

app = Flask(__name__)
app.config["SECRET_KEY"] = "a secret of the tests that is long enough"
StormpathManager(app)


@app.route("/admin")
@groups_required(["admins"])
def admin() -> str:
    return "admin"


@app.route("/both")
@groups_required(["admins", "developers"])
def both() -> str:
    return "both"


@app.route("/any")
@groups_required(["admins", "developers"], all=False)
def either() -> str:
    return "any"


@app.route("/mine")
def mine() -> str:
    return " ".join(sorted(group.name for group in user.groups))

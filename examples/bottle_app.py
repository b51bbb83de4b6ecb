"""A Bottle app with accounts: ``stormpath-wsgi run examples.bottle_app:application``."""

from bottle import Bottle, template

from stormpath_wsgi import StormpathMiddleware, groups_required, login_required, user

app = Bottle()
app.config["catchall"] = False  # what goes wrong is for us and the server


@app.route("/")
def home():
    return template("Hello, {{name}}!", name=user.given_name if user.is_authenticated else "stranger")


@app.route("/members")
def members():
    return "For members."


@app.route("/admins")
def admins():
    return "For admins."


application = StormpathMiddleware(app, protect={"/members": login_required, "/admins": groups_required(["admins"])})

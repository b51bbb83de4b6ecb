"""Views that call the client, and a sign-in of the app's own with the forms of old."""

from flask import Flask, redirect, request
from werkzeug.wrappers import Response

from flask_stormpath import StormpathError, StormpathManager, User, login_user, logout_user
from flask_stormpath.forms import LoginForm, RegistrationForm

app = Flask(__name__)
app.config["SECRET_KEY"] = "a secret of the tests that is long enough"
app.config["STORMPATH_ENABLE_LOGIN"] = False
app.config["STORMPATH_ENABLE_REGISTRATION"] = False
app.config["STORMPATH_ENABLE_LOGOUT"] = False
stormpath_manager = StormpathManager(app)
stormpath_manager.login_view = "login"


@app.route("/join", methods=["POST"])
def join() -> "str | Response":
    form = RegistrationForm(config=app.config)
    if not form.validate_on_submit():
        return str(form.errors)
    try:
        data = {name: form.data[name] for name in ("email", "password", "given_name", "surname")}
        login_user(User.create(**data), remember=True)
    except StormpathError as error:
        return f"{error.status} {error.message}"
    return redirect("/people")


@app.route("/login", methods=["GET", "POST"])
def login() -> "str | Response":
    form = LoginForm()
    if form.validate_on_submit():
        try:
            login_user(User.from_login(form.login.data, form.password.data), remember=True)
            return redirect("/people")
        except StormpathError as error:
            return f"{error.code}"
    return str(form.errors)


@app.route("/logout")
def logout() -> Response:
    logout_user()
    return redirect("/")


@app.route("/people")
def people() -> str:
    accounts = stormpath_manager.application.accounts
    found = accounts.search({"email": request.args["email"]}) if "email" in request.args else accounts
    return " ".join(account.full_name for account in found)


@app.route("/groups/<name>")
def group(name: str) -> str:
    made = stormpath_manager.application.groups.create({"name": name, "description": "made here"})
    return f"{made.name} {made.is_enabled()}"

"""A register page that asks for a username, and for no names that must be given."""

from flask import Flask

from flask_stormpath import StormpathManager, user

app = Flask(__name__)
app.config["SECRET_KEY"] = "a secret of the tests that is long enough"
app.config["STORMPATH_ENABLE_USERNAME"] = True
app.config["STORMPATH_REQUIRE_USERNAME"] = True
app.config["STORMPATH_ENABLE_MIDDLE_NAME"] = False
app.config["STORMPATH_REQUIRE_GIVEN_NAME"] = False
app.config["STORMPATH_REQUIRE_SURNAME"] = False
app.config["STORMPATH_ANONYMOUS_NAME"] = "Anonymous"
StormpathManager(app)


@app.route("/")
def home() -> str:
    return f"{user.username} {user.given_name} {user.surname}"

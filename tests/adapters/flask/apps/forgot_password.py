"""An app whose members may have forgotten their password."""

from flask import Flask, url_for

from flask_stormpath import StormpathManager

app = Flask(__name__)
app.config["SECRET_KEY"] = "a secret of the tests that is long enough"
app.config["STORMPATH_ENABLE_FORGOT_PASSWORD"] = True
StormpathManager(app)


@app.route("/")
def home() -> str:
    return f'<a href="{url_for("stormpath.forgot")}">Forgot?</a> {url_for("stormpath.forgot_change")}'

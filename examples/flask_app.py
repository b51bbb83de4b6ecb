"""A Flask app with accounts. It knows the documented names of Flask-Stormpath, and nothing else of ours.

Run it from the top folder of the project::

    pip install '.[flask,server]'
    export FLASK_SECRET_KEY=$(stormpath-wsgi secret)
    flask --app examples/flask_app run
"""

from pathlib import Path

from flask import Flask, render_template_string

from flask_stormpath import StormpathManager, groups_required, login_required, user

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{{ title }}</title>
<style>body { font: 1.1rem/1.6 system-ui, sans-serif; max-width: 34rem; margin: 4rem auto; padding: 0 1rem }</style>
<h1>{{ title }}</h1>
<p>{{ text }}</p>
<nav>
  <a href="{{ url_for('home') }}">Home</a> ·
  <a href="{{ url_for('members') }}">Members</a> ·
  <a href="{{ url_for('admin') }}">Admins</a>
</nav>
{% if user.is_authenticated %}
<form method="post" action="{{ url_for('stormpath.logout') }}"><button>Log out {{ user.email }}</button></form>
{% else %}
<p>
  <a href="{{ url_for('stormpath.login') }}">Log in</a> or
  <a href="{{ url_for('stormpath.register') }}">register</a>
</p>
{% endif %}
</html>
"""

stormpath_manager = StormpathManager()


def create_app(**config: object) -> Flask:
    """The app. *config*: settings for ``app.config``; the environment may say the same as ``FLASK_…``."""
    # The accounts are kept where the stormpath-wsgi command looks for them when it is run from the same folder.
    app = Flask(__name__, instance_path=str(Path("instance").absolute()))
    app.config["STORMPATH_APPLICATION"] = "My Application"
    app.config.from_prefixed_env()
    app.config.update(config)
    stormpath_manager.init_app(app)

    @app.route("/")
    def home() -> str:
        return render_template_string(PAGE, title="A Flask app", text="Anybody may read this.")

    @app.route("/members")
    @login_required
    def members() -> str:
        return render_template_string(PAGE, title="Members", text=f"Hello {user.given_name or user.username}.")

    @app.route("/admin")
    @groups_required(["admins"])
    def admin() -> str:
        return render_template_string(PAGE, title="Admins", text="You are one of the admins.")

    return app

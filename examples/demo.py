"""The site of ``make run``: a front page for everybody, one page for members, one for admins, and its mails.

It uses no framework: each page is a WSGI application. All that has to do with accounts is the middleware's.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from jinja2 import DictLoader, Environment

from examples.inbox import Inbox, is_from_this_machine
from stormpath_wsgi import StormpathMiddleware, groups_required, login_required, user

PAGES = {
    "base": """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{% set title %}{% block title %}{% endblock %}{% endset %}
<title>{{ title }}{% if "My Application" not in title %} · My Application{% endif %}</title>
<link rel="stylesheet" href="/demo.css">
</head>
<body>
<div class="page">
  <header>
    <a class="brand" href="/"><span class="mark" aria-hidden="true">M</span>My Application</a>
    {% if user.is_authenticated %}
    <form method="post" action="/logout"><button class="link">Sign out</button></form>
    {% endif %}
  </header>
  <main class="card">
    <h1>{{ self.title() }}</h1>
    {% block main %}{% endblock %}
  </main>
  <footer class="band">
    {% if user.is_authenticated %}
    <p>Signed in as <bdi dir="ltr">{{ user.email }}</bdi></p>
    {% else %}
    <p>New here? <a href="/register">Create an account</a></p>
    {% endif %}
  </footer>
</div>
</body>
</html>
""",
    "home": """{% extends "base" %}
{% block title %}Hello, {{ user.given_name or user.email if user.is_authenticated else "stranger" }}{% endblock %}
{% block main %}
<p>This is the demo site of stormpath-wsgi. It has:</p>
<ul>
  <li><strong>this page</strong>, for everybody,</li>
  <li><a href="/members">the members’ page</a>, for whoever is signed in,</li>
  <li><a href="/admin">the admins’ page</a>, for the group <em>admins</em>,</li>
  <li><a href="/account">your account</a>, with all that you can change there,</li>
  <li><a href="/inbox">the mails</a> that the site has written, which go nowhere. Only this machine sees them.</li>
</ul>
<p>Try <a href="/forgot">a forgotten password</a>, an invitation, and a token for a program:</p>
<pre><code>{{ command }} account invite jo@example.com</code>
<code>curl -d grant_type=password -d username=EMAIL -d password=PASSWORD {{ site }}/oauth/token</code></pre>
{% if not user.is_authenticated %}
<a class="button" href="/login">Sign in</a>
{% elif user.has_group("admins") %}
<p>You are in the group <em>admins</em>.</p>
{% else %}
<p>You are not in the group <em>admins</em>. To get in, type in another terminal:</p>
<pre><code>{{ command }} group create admins</code>
<code>{{ command }} group add admins {{ login }}</code></pre>
{% endif %}
{% endblock %}
""",
    "members": """{% extends "base" %}
{% block title %}For members{% endblock %}
{% block main %}
<p>You see this because you are signed in. A stranger is asked to sign in first, and then comes back to this page.</p>
<a class="button" href="/">To the front page</a>
{% endblock %}
""",
    "admin": """{% extends "base" %}
{% block title %}For admins{% endblock %}
{% block main %}
<p>You see this because you are in the group <em>admins</em>. Out of it again, and your next request stops at the
door:</p>
<pre><code>{{ command }} group remove admins {{ login }}</code></pre>
<a class="button" href="/">To the front page</a>
{% endblock %}
""",
    "inbox": """{% extends "base" %}
{% block title %}Mails{% endblock %}
{% block main %}
{% for mail in mails %}
<p><a href="/inbox/{{ mail.name }}">{{ mail.subject }}</a><br>
To {{ mail.to }}, {{ mail.written.strftime("%Y-%m-%d %H:%M") }} UTC</p>
{% else %}
<p>No mails yet. <a href="/forgot">Ask for a new password</a> to get one.</p>
{% endfor %}
{% endblock %}
""",
    "mail": """{% extends "base" %}
{% block title %}{{ mail.subject }}{% endblock %}
{% block main %}
<p>To {{ mail.to }}, {{ mail.written.strftime("%Y-%m-%d %H:%M") }} UTC</p>
<pre class="mail">{{ mail.text }}</pre>
{% if mail.html %}
<p><a class="button plain" href="/inbox/{{ mail.name }}/html">See it as a mail program shows it</a></p>
{% endif %}
<p><a href="/inbox">All mails</a></p>
{% endblock %}
""",
    "missing": """{% extends "base" %}
{% block title %}Nothing here{% endblock %}
{% block main %}<a class="button" href="/">To the front page</a>{% endblock %}
""",
}

# The look of the middleware's own pages, and what they have no need of.
CSS = f"""{(files("stormpath_wsgi.pages") / "templates/style.css").read_text()}
:root {{ --width: 40rem; }}
pre {{ padding: .75rem 1rem; border-radius: var(--radius); background: var(--page); font-size: .875rem; }}
pre {{ margin: 0 0 1rem; white-space: normal; }}
code {{ display: block; padding-left: 2ch; text-indent: -2ch; }}
pre.mail {{ white-space: pre-wrap; overflow-wrap: anywhere; }}
main ul {{ margin: 0 0 1rem; padding-inline-start: 1.25rem; }}
main li {{ padding: .625rem 0; }}
"""

templates = Environment(autoescape=True, loader=DictLoader(PAGES))


def page(name: str, status: str = "200 OK", **values: object) -> WSGIApplication:
    """The template *name*, filled in with *values*, as a WSGI application."""

    def render(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        login = shlex.quote(user.email) if user.is_authenticated else ""  # people choose it, and others paste it
        template = templates.get_template(name)
        html = template.render(
            user=user, login=login, command=".venv/bin/stormpath-wsgi", site=host_of(environ), **values
        )
        policy = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'"
        start_response(status, [("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", policy)])
        return [html.encode()]

    return render


def host_of(environ: WSGIEnvironment) -> str:
    """Where the browser has found the site, for a command that people copy."""
    return f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', 'localhost')}"


def style(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/css; charset=utf-8"), ("Cache-Control", "max-age=300")])
    return [CSS.encode()]


def inbox(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The mails, for a browser on this machine. A mail that the folder does not hold is a page that is missing."""
    _, _, path = environ["PATH_INFO"].partition("/inbox")
    name, _, part = path.strip("/").partition("/")
    if not is_from_this_machine(environ) or part not in ("", "html"):
        return missing(environ, start_response)
    if not name:
        return page("inbox", mails=mails.newest())(environ, start_response)
    mail = mails.find(name)
    if mail is None or (part and mail.html is None):
        return missing(environ, start_response)
    return (mail_program(mail.html or "") if part else page("mail", mail=mail))(environ, start_response)


def mail_program(html: str) -> WSGIApplication:
    """*html* as a mail program shows it: no script, and nothing is fetched."""

    def show(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
        policy += "; form-action 'none'; base-uri 'none'"
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", policy)])
        return [html.encode()]

    return show


pages = {
    "/": page("home"),
    "/members": login_required(page("members")),
    "/admin": groups_required(["admins"])(page("admin")),
    "/demo.css": style,
}
missing = page("missing", "404 Not Found")


def site(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    found = inbox if path == "/inbox" or path.startswith("/inbox/") else pages.get(path, missing)
    return found(environ, start_response)


application = StormpathMiddleware(site, web={"register": {"autoLogin": True}, "account": {"apiKeys": True}})
mails = Inbox(Path(application.settings.instance) / "outbox")

"""The command itself: ``stormpath-wsgi init | run | serve | deploy | account | group | application | …``."""

from __future__ import annotations

import click

from stormpath_wsgi.cli.late import Commands, Late


@click.group(
    "stormpath-wsgi",
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 refused, 2 a wrong command line or setting, 3 no directory, or it cannot be reached.",
)
@click.version_option(package_name="stormpath-wsgi")
def cli() -> None:
    """User accounts for WSGI applications: the administrator's side.

    The settings are those of the site: stormpath.yaml in this folder, STORMPATH_… in the environment. Without any, the
    accounts are in ./instance.
    """


#: What can be called, where in this package it is, and the first sentence of its help.
for name, place, summary in (
    ("account", "accounts:account", "Make, look at, lock and remove accounts."),
    ("apikey", "api_keys:apikey", "Make, list, lock and remove the API keys that open the REST API."),
    ("application", "applications:application", "Make, list and rename applications: what people sign in to."),
    (
        "audit",
        "audit:audit",
        "Look at what has happened to accounts and by administrators, and prove that nobody has changed it.",
    ),
    ("config", "config:config", "Show the settings, where each comes from, and everything that is wrong with them."),
    ("deploy", "deploy:deploy", "Print a file to start from when a site, or the REST API, goes to production."),
    ("dev", "dev:dev", "Serve a WSGI application for its developer, on this machine only."),
    ("doctor", "doctor:doctor", "Attack a site of your own on this machine, and say what to write where."),
    (
        "explain",
        "explain:explain",
        "Say why ACCOUNT may ask for METHOD PATH, or may not: which policies there are, and what they have found.",
    ),
    (
        "export",
        "transfer:export",
        "Write the whole directory into FILE, as JSON Lines; - or nothing: to standard output.",
    ),
    ("group", "groups:group_", "Make groups, and say who is in them."),
    ("import", "transfer:import_", "Bring the accounts of SOURCE into the directory."),
    ("init", "init:init", "Make the directory, or bring its tables up to date."),
    ("limits", "limits:limits", "Show how much is counted against those who try too often, and who has to wait now."),
    (
        "passwords",
        "passwords:passwords",
        "Make lists of passwords that nobody shall choose, and say what their hashes may cost.",
    ),
    ("provider", "providers:provider", "Try the providers that people sign in with, such as Google."),
    ("run", "run:run", "Serve a WSGI application, with user accounts, by gunicorn."),
    (
        "secret",
        "secrets:secret",
        "Print a new key: for signing session cookies, or for encrypting secrets in the directory.",
    ),
    ("serve", "run:serve", "Serve the REST API of the directory, by gunicorn."),
    (
        "verify",
        "transfer:verify",
        "Say in what FILE, an export, and the directory differ, and whether the file is whole.",
    ),
):
    cli.add_command(Late(name, f"{__package__}.{place}", summary))

"""The command ``stormpath-wsgi deploy``: it prints the files of ``deploy/``, which are in the wheel."""

from __future__ import annotations

from importlib.resources import files

import click

#: The names that the command knows, with their files.
FILES = {
    "gunicorn": "gunicorn.conf.py",
    "uwsgi": "uwsgi.ini",
    "nginx": "nginx.conf",
    "caddy": "Caddyfile",
    "apache": "apache.conf",
    "systemd": "yoursite.service",
    "systemd-socket": "yoursite.socket",
    "compose": "compose.yaml",
    "paste": "paste.ini",
    "auth-nginx": "forward-auth.nginx.conf",
    "auth-caddy": "forward-auth.Caddyfile",
    "auth-traefik": "forward-auth.traefik.yaml",
    "auth-envoy": "forward-auth.envoy.yaml",
    "api-nginx": "stormpath-api.nginx.conf",
    "api-systemd": "stormpath-api.service",
}


@click.command()
@click.argument("file", metavar="FILE", type=click.Choice(list(FILES)))
def deploy(file: str) -> None:
    """Print a file to start from when a site, or the REST API, goes to production.

    \b
    gunicorn        gunicorn.conf.py: the configuration that run uses, to be changed
    uwsgi           uwsgi.ini: the same for uWSGI
    nginx           nginx in front of a site: https, and limits for logins
    caddy           Caddy in front of a site
    apache          Apache with mod_wsgi, which runs the site itself
    systemd         a service of systemd for a site, with
    systemd-socket  the socket that it listens at
    compose         two copies of a site on PostgreSQL, for docker compose
    paste           an ini file of PasteDeploy, with our filter
    auth-nginx      nginx in front of another application, for which it asks the site who may pass,
    auth-caddy      and the same for Caddy,
    auth-traefik    for Traefik,
    auth-envoy      and for Envoy
    api-nginx       nginx in front of the REST API
    api-systemd     a service of systemd for the REST API

    Write it into a file of yours: stormpath-wsgi deploy nginx > nginx.conf
    """
    click.echo(files("stormpath_wsgi.deploy").joinpath(FILES[file]).read_text(encoding="utf-8"), nl=False)

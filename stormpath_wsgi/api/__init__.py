"""The REST API v1: a thin WSGI layer over the five verbs of a directory."""

from __future__ import annotations

from stormpath_wsgi.api.application import application
from stormpath_wsgi.api.rest import RestAPI

__all__ = ["RestAPI", "application"]

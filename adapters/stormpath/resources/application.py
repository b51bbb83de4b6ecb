"""Applications, and what a visitor brings back to one."""

from stormpath_wsgi.client import Application, Collection, StormpathCallbackResult

ApplicationList = Collection

__all__ = ["Application", "ApplicationList", "StormpathCallbackResult"]

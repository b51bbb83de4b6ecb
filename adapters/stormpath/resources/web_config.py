"""What the hosted pages of an application offer."""

from stormpath_wsgi.client import ApplicationWebConfig

WebConfig = ApplicationWebConfig

__all__ = ["WebConfig"]

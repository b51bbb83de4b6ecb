"""What can go wrong before the first request."""

from stormpath_wsgi import ConfigurationError

__all__ = ["ConfigurationError"]

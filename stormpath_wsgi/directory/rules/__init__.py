"""The rules of the identity service, one family of resources a module."""

"""Directories."""

from stormpath_wsgi.client import Collection, Directory

DirectoryList = Collection

__all__ = ["Directory", "DirectoryList"]

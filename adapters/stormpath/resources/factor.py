"""Second factors."""

from stormpath_wsgi.client import Collection, Factor

FactorList = Collection

__all__ = ["Factor", "FactorList"]

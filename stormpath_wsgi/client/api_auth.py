"""The former address of :mod:`stormpath_wsgi.api_auth`, kept for programs that import from here.

Nothing of ours does. It is the one file of the client that looks up, to where requests are known.
"""

from __future__ import annotations

from stormpath_wsgi.api_auth import *  # noqa: F403 - the same names, and no list to forget one in
from stormpath_wsgi.api_auth import __all__ as __all__

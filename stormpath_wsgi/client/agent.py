"""What we call ourselves to a directory on another machine, in the header ``User-Agent``.

That is ``FRONT SITE CLIENT``: what a program in front of the site calls itself in ``X-Stormpath-Agent``, what the site
is made with, and this client. Each part is names with versions, such as ``flask/3.1.0``.

Source: the user agent of the Stormpath framework specification; RFC 9110, section 10.1.5.
"""

from __future__ import annotations

import platform
import re
from functools import cache
from importlib.metadata import version

#: Characters of what a visitor's program may call itself. The rest is cut off.
LONGEST = 200

#: What no header holds, or may hold without a doubt about its encoding.
_UNWANTED = re.compile(r"[^\x20-\x7e]+")


def agent(site: str | None, front: str | None = None) -> str:
    """The value of the header. *front*, which may be anything, comes from a request, and *site* from the program that
    made the client.
    """
    return " ".join(filter(None, (_plain(front), _plain(site), _client())))


def _plain(text: str | None) -> str:
    return _UNWANTED.sub("", (text or "")[:LONGEST]).strip()


@cache
def _client() -> str:
    system = platform.system().lower() or "unknown"
    release = platform.release() or "unknown"
    return f"stormpath-wsgi/{version('stormpath-wsgi')} python/{platform.python_version()} {system}/{release}"

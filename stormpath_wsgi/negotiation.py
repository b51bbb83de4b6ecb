"""HTML or JSON: which of the two a visitor prefers.

Source: the content negotiation of the Stormpath framework specification.
"""

from __future__ import annotations

from collections.abc import Sequence
from wsgiref.types import WSGIEnvironment

from webob.acceptparse import create_accept_header

HTML, JSON = "text/html", "application/json"

#: Characters of an ``Accept`` that is read. Those of browsers have a tenth; to read a longer one is work for nothing.
LONGEST = 2000


def preferred(environ: WSGIEnvironment, produces: Sequence[str]) -> str | None:
    """The media type of *produces* that the visitor likes best, or None when it is one that we do not produce.

    Without a preference (no ``Accept``, ``*/*``, a tie, an ``Accept`` that is too long or cannot be read) the first of
    *produces*.
    """
    accept = environ.get("HTTP_ACCEPT", "").strip()
    if not accept or len(accept) > LONGEST:
        return produces[0]
    # A browser ends its list in */*;q=0.8, and yet does not want JSON from a site that has no HTML:
    # so both are ranked, and only then do we look whether the winner is produced.
    offers = [*produces, *(kind for kind in (JSON, HTML) if kind not in produces)]
    ranked = create_accept_header(accept).acceptable_offers(offers)
    best = ranked[0][0] if ranked else None
    return best if best in produces else None

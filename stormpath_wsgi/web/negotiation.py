"""HTML or JSON: which of the two a visitor prefers.

Source: the content negotiation of the Stormpath framework specification.
"""

from __future__ import annotations

from collections.abc import Sequence
from wsgiref.types import WSGIEnvironment

from webob.acceptparse import AcceptValidHeader, create_accept_header

HTML, JSON = "text/html", "application/json"

#: Characters of an ``Accept`` that is read. Those of browsers have a tenth; to read a longer one is work for nothing.
LONGEST = 2000


def preferred(environ: WSGIEnvironment, produces: Sequence[str]) -> str | None:
    """The media type of *produces* that the visitor likes best, or None when it is one that we do not produce.

    Without a preference (no ``Accept``, ``*/*``, a tie, an ``Accept`` that is too long or cannot be read) the first of
    *produces*.
    """
    accept = environ.get("HTTP_ACCEPT", "")
    if not accept:
        return produces[0]
    # A browser ends its list in */*;q=0.8, and yet does not want JSON from a site that has no HTML:
    # so both are ranked, and only then do we look whether the winner is produced.
    offers = [*produces, *(kind for kind in (JSON, HTML) if kind not in produces)]
    best = next(iter(ranked(accept, offers)), None)
    return best if best in produces else None


def ranked(accept: str, offers: Sequence[str]) -> list[str]:
    """Those of *offers*, media types without parameters, that an ``Accept`` header takes; the best first.

    All of them where the header is empty, too long, or cannot be read. Whoever wants a type with parameters, a charset
    or a level, is served with the type that we have.
    """
    text = accept.strip()
    header = create_accept_header(text if 0 < len(text) <= LONGEST else None)
    if isinstance(header, AcceptValidHeader):
        header = create_accept_header(_without_parameters(header))
    return [offer for offer, _ in header.acceptable_offers(offers)]


def _without_parameters(header: AcceptValidHeader) -> str:
    # Of several ranges of one type the one without parameters decides, then the one that is liked best.
    ranges = sorted((not parameters, quality, each) for each, quality, parameters, _ in header.parsed)
    qualities = {each.partition(";")[0].lower(): quality for _, quality, each in ranges}
    return ", ".join(f"{each};q={quality:.3f}" for each, quality in qualities.items())

"""HTML or JSON: which of the two a visitor prefers.

Source: the content negotiation of the Stormpath framework specification.
"""

from __future__ import annotations

from collections.abc import Sequence
from wsgiref.types import WSGIEnvironment

from webob.acceptparse import AcceptValidHeader, create_accept_header

HTML, JSON = "text/html", "application/json"

#: The highest number of characters of an ``Accept`` header that is read. Those of browsers have a tenth of it.
LONGEST = 2000


def preferred(environ: WSGIEnvironment, produces: Sequence[str]) -> str | None:
    """The media type in *produces* that the client prefers; None when it prefers one that we do not produce.

    Without a preference it is the first of *produces*: with no ``Accept``, with ``*/*``, with a tie, or with an
    ``Accept`` that is too long or cannot be read.
    """
    accept = environ.get("HTTP_ACCEPT", "")
    if not accept:
        return produces[0]
    # The list of a browser ends with */*;q=0.8, but a browser does not want JSON from a site that has no HTML. So both
    # are ranked, and only then is it checked whether the best one is produced.
    offers = [*produces, *(kind for kind in (JSON, HTML) if kind not in produces)]
    best = next(iter(ranked(accept, offers)), None)
    return best if best in produces else None


def ranked(accept: str, offers: Sequence[str]) -> list[str]:
    """Those of *offers*, media types without parameters, that an ``Accept`` header allows; the best comes first.

    All of them if the header is empty, too long, or cannot be read. A type with parameters, such as a charset or a
    level, is matched by the same type without parameters.
    """
    text = accept.strip()
    header = create_accept_header(text if 0 < len(text) <= LONGEST else None)
    if isinstance(header, AcceptValidHeader):
        header = create_accept_header(_without_parameters(header))
    return [offer for offer, _ in header.acceptable_offers(offers)]


def _without_parameters(header: AcceptValidHeader) -> str:
    # If a type comes several times, the one without parameters decides, and after that the one with the highest
    # quality.
    ranges = sorted((not parameters, quality, each) for each, quality, parameters, _ in header.parsed)
    qualities = {each.partition(";")[0].lower(): quality for _, quality, each in ranges}
    return ", ".join(f"{each};q={quality:.3f}" for each, quality in qualities.items())

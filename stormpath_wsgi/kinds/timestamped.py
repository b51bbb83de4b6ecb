"""What kinds have in common that the directory remembers the moments of."""

from __future__ import annotations

import datetime as dt

from stormpath_wsgi.kinds.kind import Kind
from stormpath_wsgi.kinds.members import Instant


class Timestamped(Kind):
    """Has the two common moments. ``modifiedAt`` grows with every accepted update."""

    created_at = Instant[dt.datetime](search=True, sort=True)
    modified_at = Instant[dt.datetime](search=True, sort=True)

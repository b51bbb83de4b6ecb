"""What kinds have in common whose times of making and of the last change the directory keeps."""

from __future__ import annotations

import datetime as dt

from stormpath_wsgi.kinds.kind import Kind
from stormpath_wsgi.kinds.members import Instant


class Timestamped(Kind):
    """A kind with the two common times, of making and of the last change.

    ``modifiedAt`` grows with every accepted update.
    """

    created_at = Instant[dt.datetime](search=True, sort=True)
    modified_at = Instant[dt.datetime](search=True, sort=True)

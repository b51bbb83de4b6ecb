"""In which language a request is answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.texts import Texts, english
from stormpath_wsgi.web.environ import TEXTS


def texts_of(environ: Mapping[str, Any]) -> Texts:
    """The texts for who has sent the request with this *environ*: English, unless a language was chosen before."""
    chosen = environ.get(TEXTS)
    return chosen if isinstance(chosen, Texts) else english()

"""Answers of an ID Site, or of an identity provider: each counts once for an application, in all its processes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.tokens import nonces
from stormpath_wsgi.directory.rules.tokens.signing import signing_key
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Listing
from stormpath_wsgi.kinds import SpentAnswer


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Notes that the application has used an answer. Raises 11005 when it has done so before.

    It belongs to the API key of the caller, by which the answer is signed. The grant ``stormpath_token`` keeps a note
    of its own: an SDK may read an answer and exchange it for tokens afterwards.
    """
    body = bodies.of_creation(SpentAnswer, properties, context.base_url)
    digest = hashlib.sha256(f"{listing.id} {body.values['question']}".encode()).hexdigest()
    key = signing_key(context)
    with context.write(moves_generation=False) as work:
        records.require_owner(work, listing)
        with records.taken("The answer was used before.", Code.TOKEN_USED):
            nonces.OF_API_KEYS.add(work, key.id, f"ans:{digest}", work.now + body.values["lasts"] * 1000)
    return {"lasts": body.values["lasts"]}

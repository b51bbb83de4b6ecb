"""The API key that signs tokens."""

from __future__ import annotations

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context
from stormpath_wsgi.directory.rules.tenants import bootstrap
from stormpath_wsgi.directory.rules.tokens import api_keys
from stormpath_wsgi.directory.rules.tokens.api_keys import ActiveKey
from stormpath_wsgi.errors import fault

#: The name of the API key that is made for requests from the same process.
_KEY_NAME = "Signs tokens"


def signing_key(context: Context) -> ActiveKey:
    """The API key of the caller.

    For a caller in the same process, the administrators' oldest, made if there is none.
    """
    with context.read() as work:
        id = work.caller or api_keys.oldest(work)
        found = api_keys.find(work, id, administrator=True) if id else None
        if found is not None:
            return found
        if work.caller:  # it has just been disabled
            raise fault(Code.NOT_AUTHENTICATED)
    bootstrap.issue_api_key(context, _KEY_NAME)
    return signing_key(context)

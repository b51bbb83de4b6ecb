"""An account that is made for one run, and removed after it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from stormpath_wsgi.client import Application
from stormpath_wsgi.doctor.site import Account


@contextmanager
def own_account(application: Application, registered: Sequence[str] = ()) -> Iterator[Account]:
    """An account of *application*. At the end it is removed, and those with the addresses that are *registered* then.

    No mail is sent when it is made. Raises Error when the directory wants something else of an account.
    """
    email, password = f"doctor-{secrets.token_hex(8)}@example.com", f"Aa1-{secrets.token_urlsafe(12)}"
    made = application.accounts.create(
        {"email": email, "password": password, "given_name": "Doctor", "surname": "Doctor"},
        registration_workflow_enabled=False,
    )
    try:
        yield Account(email, password)
    finally:
        made.delete()
        for address in set(registered) - {email}:
            for account in application.accounts.search({"email": address}):
                account.delete()

"""Notices: mails that tell somebody what has happened to his account, or what he has to do for it to happen.

They are about the safety of an account, so no policy of a directory leaves them out. They have no templates: their
words are ours, in the language of who has caused them, and in the layout of all mails.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.mail.purposes import MANY_FAILURES, NEW_BROWSER, NOTICES, WARNINGS
from stormpath_wsgi.directory.rules.mails import mailed_tokens
from stormpath_wsgi.directory.rules.mails.outbox import put
from stormpath_wsgi.directory.storage.ids import new_id

log = logging.getLogger(__name__)

#: The path of the page to which the buttons of warnings lead.
PAGE = "/account/secure"

#: Milliseconds for which such a button is good.
LASTS = 7 * 86_400_000

_HOUR = 3_600_000  # milliseconds

#: How many of each warning an account gets in how many milliseconds, where it is not ten in an hour.
_MOST: Mapping[str, tuple[int, int]] = {NEW_BROWSER: (5, _HOUR), MANY_FAILURES: (1, 24 * _HOUR)}


def warn(work: UnitOfWork, notice: str, account_id: str, *, name: str | None = None, left: int | None = None) -> None:
    """Stores a *notice* about what a stranger may have done, one of :data:`.WARNINGS`. Its button signs the account out
    everywhere. *name*, *left*: as :func:`tell` takes them.

    Nothing is stored where a setting switches
    the notice off, or where the account has got too many of them lately.
    """
    if notice not in WARNINGS:
        raise ValueError(f"{notice} is no warning")
    if notice in work.mail.silent:
        return
    most, lately = _MOST.get(notice, (10, _HOUR))
    if mailed_tokens.made_since(work, account_id, notice, work.now - lately) >= most:
        log.info("No mail of %s to the account %s: it has got %d lately.", notice, account_id, most)
        return
    tell(work, notice, account_id, name=name, left=left, **button(work, notice, account_id))


def button(work: UnitOfWork, notice: str, account_id: str) -> dict[str, Any]:
    """Where a new button "This was not me" leads, and for how many milliseconds it is good: ``link`` and ``lasts``."""
    token = new_id()
    mailed_tokens.make_notice(work, token, account_id, notice, work.now + LASTS)
    return {"link": work.mail.at(PAGE, sptoken=token), "lasts": LASTS}


def tell(
    work: UnitOfWork,
    notice: str,
    account_id: str | None,
    *,
    to: str | None = None,
    application_id: str | None = None,
    link: str | None = None,
    lasts: int | None = None,
    address: str | None = None,
    name: str | None = None,
    left: int | None = None,
) -> None:
    """Stores a *notice* about an account, one of :data:`.NOTICES`, to be sent after the commit of *work*.

    *to*: where it goes; None: to the address that the account has when it is sent. Where there is no account yet it has
    to be given. *application_id*: whose name stands in it; None: that of the first application of the account. *link*:
    where its button leads (:meth:`.Mail.at`), which is stored encrypted; *lasts*: the milliseconds for which that is
    good, or those until an account is deleted. *address*: the new address of the account. *name*: that of an API
    key, or what a browser calls itself. *left*: how many recovery codes the account still has. What is
    not given is not spoken of.

    Nothing is stored where a setting switches the notice off. Raises ValueError for a purpose that is no notice, and
    for one that would go nowhere.
    """
    if notice not in NOTICES:
        raise ValueError(f"{notice} is no notice")
    if account_id is None and to is None:
        raise ValueError(f"the notice {notice} needs an account or an address")
    if notice in work.mail.silent:
        return
    said = {"link": link, "lasts": lasts, "address": address, "name": name, "left": left}
    details = {key: value for key, value in said.items() if value is not None}
    put(work, notice, account_id, application_id=application_id, address=to, details=details or None)

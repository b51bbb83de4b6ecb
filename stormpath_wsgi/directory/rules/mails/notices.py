"""Notices: mails that tell somebody what has happened to his account, or what he has to do for it to happen.

They are about the safety of an account, so no policy of a directory leaves them out. They have no templates: their
words are ours, in the language of who has caused them, and in the layout of all mails.
"""

from __future__ import annotations

from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.mail.purposes import NOTICES
from stormpath_wsgi.directory.rules.mails.outbox import put


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
) -> None:
    """Stores a *notice* about an account, one of :data:`.NOTICES`, to be sent after the commit of *work*.

    *to*: where it goes; None: to the address that the account has when it is sent. Where there is no account yet it has
    to be given. *application_id*: whose name stands in it; None: that of the first application of the account. *link*:
    where its button leads (:meth:`.Mail.at`), which is stored encrypted; *lasts*: the milliseconds for which that is
    good, or those until an account is deleted. *address*: the new address of the account. *name*: that of an API key.
    What is not given is not spoken of.

    Raises ValueError for a purpose that is no notice, and for one that would go nowhere.
    """
    if notice not in NOTICES:
        raise ValueError(f"{notice} is no notice")
    if account_id is None and to is None:
        raise ValueError(f"the notice {notice} needs an account or an address")
    said = {"link": link, "lasts": lasts, "address": address, "name": name}
    details = {key: value for key, value in said.items() if value is not None}
    put(work, notice, account_id, application_id=application_id, address=to, details=details or None)

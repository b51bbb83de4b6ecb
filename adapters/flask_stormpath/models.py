"""The user of a Flask app: an account, with the manners that Flask-Login expects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from blinker import NamedSignal, Namespace

from flask_stormpath.extension import current, stormpath
from stormpath_wsgi.client import Account

stormpath_signals = Namespace()

# Sent by the Flask app once the directory has accepted the change, wherever in the app it came from. With ``user``: a
# dictionary of the account's attributes; of a deleted account, as they were.
user_created = stormpath_signals.signal("user-created")
user_updated = stormpath_signals.signal("user-updated")
user_deleted = stormpath_signals.signal("user-deleted")


class User(Account):
    """An account of the application. What a client can do with an account can be done with a user.

    Its attributes are fetched when one is first read. Everything here needs an application context, and raises
    :class:`~stormpath_wsgi.Error` when the directory refuses.
    """

    @classmethod
    def at(cls, href: str) -> Self:
        """The user whose account has this *href*. Asks for nothing."""
        return cls(stormpath().client, href)

    @classmethod
    def create(
        cls,
        email: str,
        password: str,
        given_name: str,
        surname: str,
        username: str | None = None,
        middle_name: str | None = None,
        custom_data: Mapping[str, Any] | None = None,
        status: str = Account.STATUS_ENABLED,
    ) -> Self:
        """Make an account in the application's default account store. Without a *username* it is the *email*."""
        properties = {
            "email": email,
            "password": password,
            "given_name": given_name,
            "surname": surname,
            "username": username,
            "middle_name": middle_name,
            "custom_data": custom_data,
            "status": status,
        }
        given = {name: value for name, value in properties.items() if value is not None}
        user = cls.at(stormpath().application.accounts.create(given).href)
        user.announce(user_created)
        return user

    @classmethod
    def from_login(cls, login: str, password: str) -> Self:
        """The user with this username or e-mail address, if the *password* is right. Signs nobody in."""
        return stormpath().application.authenticate_account(login, password).account.seen_as(cls)

    def save(self) -> None:
        super().save()
        self.announce(user_updated)

    def delete(self) -> None:
        attributes = dict(self)
        super().delete()
        self.announce(user_deleted, attributes)

    def announce(self, signal: NamedSignal, attributes: Mapping[str, Any] | None = None) -> None:
        """Send *signal* about this user, with the *attributes* that it has now unless others are given."""
        signal.send(current(), user=dict(self) if attributes is None else attributes)

    def get_id(self) -> str:
        """The href: what Flask-Login knows a user by."""
        return self.href

    @property
    def is_active(self) -> bool:
        """Whether the status is ENABLED. One that was written and not saved counts."""
        return self.is_enabled()

    @property
    def is_authenticated(self) -> bool:
        return True

    @property
    def is_anonymous(self) -> bool:
        return False

    def __repr__(self) -> str:
        return f'User <"{self.username or self.email}" ("{self.href}")>'

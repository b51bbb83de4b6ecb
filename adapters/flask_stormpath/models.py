"""The user of a Flask app: an account, with the manners that Flask-Login expects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar, Self

from blinker import NamedSignal, Namespace
from flask import g, has_request_context

from flask_stormpath.extension import ASKED, current, current_session, refused_by_listener, returns_to, stormpath
from flask_stormpath.flags import NO, YES, Flag
from stormpath_wsgi.client import Account, Group, Provider
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import Declined
from stormpath_wsgi.flows import SignInRefused

__all__ = ["Account", "Provider", "User", "stormpath_signals", "user_created", "user_deleted", "user_updated"]

stormpath_signals = Namespace()

# Sent by the Flask app once the directory has accepted the change, wherever in the app it came from. With ``user``: a
# dictionary of the account's attributes; of a deleted account, as they were.
user_created = stormpath_signals.signal("user-created")
user_updated = stormpath_signals.signal("user-updated")
user_deleted = stormpath_signals.signal("user-deleted")


class User(Account):
    """An account of the application. What a client can do with an account can be done with a user.

    Its attributes are fetched when one is first read; those of whoever is signed in are there already, with the groups
    once somebody has asked for them. Everything here needs an application context, and raises
    :class:`~stormpath_wsgi.Error` when the directory refuses.
    """

    #: What of it can be changed.
    writable_attrs: ClassVar[tuple[str, ...]] = (
        "custom_data",
        "email",
        "given_name",
        "middle_name",
        "password",
        "provider_data",
        "status",
        "surname",
        "username",
    )

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
        """The user with this username or e-mail address, if the *password* is right. Signs nobody in.

        Who listens to sign-ins is asked before; where a listener refuses the error has status 403 and its sentence.
        After too many tries the error has status 429, and ``retry_after``: the seconds to wait.
        """
        session = current_session() if has_request_context() else None
        try:
            user = stormpath().flows.sign_in.prove(login, password, session=session).seen_as(cls)
        except SignInRefused as refused:
            raise refused.as_error() from refused
        except Declined as refused:
            raise refused_by_listener(refused) from refused
        setattr(g, ASKED, user.href)
        return user

    @classmethod
    def from_google(cls, code: str) -> Self:
        """The user whom Google knows by *code*; made if there is none. Signs nobody in."""
        return cls._from_provider("google", code=code)

    @classmethod
    def from_facebook(cls, access_token: str) -> Self:
        """The user whom Facebook knows by *access_token*; made if there is none. Signs nobody in."""
        return cls._from_provider("facebook", access_token=access_token)

    @classmethod
    def _from_provider(cls, provider_id: str, **proof: str) -> Self:
        if "code" in proof and has_request_context():
            # A code is good for the address only that it was asked for with.
            proof["redirect_uri"] = returns_to(provider_id)
        account = stormpath().application.get_provider_account(provider_id, **proof)
        user = cls.at(account.href)
        if account.is_new_account:
            user.announce(user_created)
        return user

    def read(self, member: Any) -> Any:
        """The value of *member*. Of the user who is signed in, the remembered groups are used."""
        remembered = self._remembered() if member.name == "groups" else None
        if remembered is None:
            return super().read(member)
        return stormpath().client.collection(member, f"{self.href}/groups", remembered.groups().page)

    def has_groups(self, groups: Iterable[Any], all: bool = True) -> bool:
        """Whether the user is in each of *groups*, or with ``all=False`` in one of them.

        Unlike a client's account, nobody is in a group that is DISABLED, as for :func:`groups_required`.
        """
        wanted = list(groups)
        remembered = self._remembered()
        if remembered is None or not wanted or any(not isinstance(group, str | Group) for group in wanted):
            return super().has_groups(wanted, all)
        outcomes = [remembered.has_group(group) for group in wanted]
        return False not in outcomes if all else True in outcomes

    in_groups = has_groups

    def held_groups(self) -> list[Group]:
        """The groups of the account that are ENABLED."""
        return [group for group in super().held_groups() if group.is_enabled()]

    def save(self) -> None:
        """Saves the changes, and sends the signal ``user_updated``."""
        super().save()
        self.announce(user_updated)

    def delete(self) -> None:
        """Removes the account, and sends the signal ``user_deleted``. Does nothing if the account is gone."""
        try:
            self.refresh()
        except Error as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return  # it is gone, as is wanted, and whoever listens was told then
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
    def is_active(self) -> Flag:
        """Whether the status is ENABLED. One that was written and not saved counts."""
        return YES if self.is_enabled() else NO

    @property
    def is_authenticated(self) -> Flag:
        """True for every user."""
        return YES

    @property
    def is_anonymous(self) -> Flag:
        """False for every user."""
        return NO

    def _remembered(self) -> Any:
        """What this request knows of the account without asking, if it is the one that is signed in."""
        if not has_request_context():
            return None
        remembered = current_session().remembered
        return remembered if remembered is not None and remembered.href == self.href else None

    def __repr__(self) -> str:
        name = self._known(Account.username) or self._known(Account.email)
        # It goes into logs, where a line break in it must not begin a line.
        return f'User <"{repr(name)[1:-1]}" ("{self.href}")>' if name else f'User <("{self.href}")>'

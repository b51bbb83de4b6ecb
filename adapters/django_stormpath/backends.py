"""The authentication backend: the row of the user model that belongs to an account, made and kept up to date."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group
from django.core.exceptions import FieldDoesNotExist
from django.db import IntegrityError, models, transaction
from django.http import HttpRequest

from django_stormpath import conf
from django_stormpath.models import Account
from stormpath_wsgi import User

log = logging.getLogger(__name__)

#: Fields of user models that follow attributes of the account, where the model has them.
_FOLLOWING = {
    "username": "username",
    "email": "email",
    "first_name": "given_name",
    "last_name": "surname",
}


class StormpathBackend(ModelBackend):
    """Knows rows by the href of the account, never by a name or an e-mail address: these change hands.

    The permissions of a row are those that Django's administrators give it, and those of its groups. No password signs
    anybody in here. A subclass may make rows in its own way, or of fewer people.
    """

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> Any | None:
        """None: whoever wants to sign in does so on our login page."""
        return None

    def user_of(self, visitor: User) -> Any | None:
        """The row of *visitor*, as the account is now. None when the row is not active, or there is none.

        Asks the directory for the groups if settings name some, once while they are remembered. Raises
        :class:`~stormpath_wsgi.Error` when it cannot be asked.
        """
        account = self.find(visitor) or self.create(visitor)
        if account is None or not self.user_can_authenticate(account.user):
            return None
        self.refresh(account.user, visitor)
        return account.user

    def find(self, visitor: User) -> Account | None:
        """What belongs to the account of *visitor*, with its row."""
        found: Account | None = Account.objects.select_related("user").filter(href=visitor.href).first()
        return found

    def create(self, visitor: User) -> Account | None:
        """A new row for *visitor*, without a password of its own and with no rights. None: it gets none."""
        user = get_user_model()()
        setattr(user, user.USERNAME_FIELD, _id(visitor))
        for name, value in _values(user, visitor):
            setattr(user, name, value if _may_have(user, name, value) else _id(visitor))
        user.set_unusable_password()
        try:
            with transaction.atomic():
                user.save()
                account: Account | None = Account.objects.create(href=visitor.href, user=user)
        except IntegrityError:  # another request of the same visitor was faster, or a field has to be unique
            account = self.find(visitor)
            if account is None:
                raise
        return account

    def refresh(self, user: Any, visitor: User) -> None:
        """Bring the names, flags and groups of the row up to date. Writes only what has changed."""
        changed = [name for name, value in _values(user, visitor) if _change(user, name, value)]
        changed += [name for name, value in _flags(user, visitor) if _change(user, name, value)]
        if changed:
            user.save(update_fields=changed)
        _join(user, visitor)


def _id(visitor: User) -> str:
    """The id of the account: the last part of its href. Nobody can choose it."""
    return str(visitor.href).rpartition("/")[2]


def _values(user: Any, visitor: User) -> Iterator[tuple[str, str]]:
    for name, attribute in _FOLLOWING.items():
        field = _field(user, name)
        if field is None:
            continue
        value = str(getattr(visitor, attribute) or "")
        if not field.unique:
            yield name, value[: field.max_length]
        elif value and len(value) <= (field.max_length or len(value)):
            yield name, value


def _field(user: Any, name: str) -> models.CharField[Any, Any] | None:
    try:
        field = user._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    return field if isinstance(field, models.CharField) else None


def _flags(user: Any, visitor: User) -> Iterator[tuple[str, bool]]:
    for name, setting in conf.FLAGS.items():
        groups = conf.flag_groups(setting)
        if groups is not None and hasattr(user, name):
            yield name, visitor.has_groups(groups, all=False)


def _change(user: Any, name: str, value: object) -> bool:
    """Set the attribute *name*. Answers whether it had another value, and may have this one."""
    if getattr(user, name) == value or not _may_have(user, name, value):
        return False
    setattr(user, name, value)
    return True


def _may_have(user: Any, name: str, value: object) -> bool:
    """Whether no other row has *value*, where the field has to be unique. To MySQL, and to many people, upper and lower
    case are the same.
    """
    if not user._meta.get_field(name).unique:
        return True
    others = type(user)._default_manager.filter(**{f"{name}__iexact": value}).exclude(pk=user.pk)
    return not others.exists()


def _join(user: Any, visitor: User) -> None:
    """Have *user* in exactly those of the groups that the settings name which people of our groups are in."""
    wanted = conf.django_groups()
    if not wanted or not hasattr(user, "groups"):
        return
    named = set(wanted.values())
    due = {name for group, name in wanted.items() if visitor.has_group(group)}
    present = set(user.groups.filter(name__in=named).values_list("name", flat=True))
    if due - present:
        user.groups.add(*Group.objects.filter(name__in=due - present))
    if present - due:
        user.groups.remove(*Group.objects.filter(name__in=present - due))

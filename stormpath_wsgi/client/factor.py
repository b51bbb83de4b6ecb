"""Second factors of an account: phones, authenticator apps, and the challenges that prove who holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from stormpath_wsgi import kinds
from stormpath_wsgi.client.collection import Collection
from stormpath_wsgi.client.resource import HasStatus, Resource

if TYPE_CHECKING:
    from stormpath_wsgi.client.account import Account


class Phone(HasStatus, kinds.Phone):
    """A telephone of an account. A number that was verified stays as it is."""

    STATUS_VERIFIED = kinds.VERIFIED
    STATUS_UNVERIFIED = kinds.UNVERIFIED

    account: kinds.Link[Account]

    def is_verified(self) -> bool:
        return self.verification_status == self.STATUS_VERIFIED


class Factor(HasStatus, kinds.Factor):
    """A phone that is sent codes, or an authenticator app that makes them. It prints without its secret."""

    STATUS_VERIFIED = kinds.VERIFIED
    STATUS_UNVERIFIED = kinds.UNVERIFIED
    TYPE_SMS = kinds.SMS
    TYPE_GOOGLE = kinds.GOOGLE_AUTHENTICATOR

    account: kinds.Link[Account]
    phone: kinds.Link[Phone]
    challenges: kinds.Collection[Collection[Challenge]]
    most_recent_challenge: kinds.Link[Challenge | None]

    def is_verified(self) -> bool:
        return self.verification_status == self.STATUS_VERIFIED

    def is_sms(self) -> bool:
        return self.type == self.TYPE_SMS

    def challenge_factor(self, message: str | None = None, code: str | None = None) -> Challenge:
        """A new challenge. To a phone a code is sent: with *message*, in which ``${code}`` stands for it.

        The *code* that an app shows is judged at once; see whether the challenge is successful. Raises ValueError
        where it is missing.
        """
        if self.is_sms():
            challenge = self.challenges.create({"message": message})
        elif code is None:
            raise ValueError("an authenticator app sends nothing: pass the code that it shows")
        else:
            challenge = self.challenges.create({"code": code})
        self.refresh()
        return challenge


class Challenge(Resource, kinds.Challenge):
    """A question put to the holder of a factor."""

    STATUS_SUCCESS = "SUCCESS"
    STATUS_CREATED = "CREATED"
    STATUS_WAITING = "WAITING"

    account: kinds.Link[Account]
    factor: kinds.Link[Factor]

    def submit(self, code: str) -> Self:
        """Answer it with the *code* that was sent. A wrong one raises nothing: see whether it :meth:`is_successful`.

        Raises :class:`~stormpath_wsgi.Error` when it can no longer be answered (13108 to 13113).
        """
        self.code = code
        self.save()
        return self

    def is_successful(self) -> bool:
        return self.status == self.STATUS_SUCCESS

    def is_created(self) -> bool:
        return self.status == self.STATUS_CREATED

    def is_waiting(self) -> bool:
        """Whether the code is under way or there, and no answer has come."""
        return self.STATUS_WAITING in self.status

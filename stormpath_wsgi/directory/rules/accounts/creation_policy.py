"""Account creation policies: which e-mail addresses may have an account, and which mails a new one gets."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.mail.addresses import ascii_domain
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import ENABLED

_policies = schema.account_creation_policies

_NOT_ALLOWED = "Cannot create the Account because your email's domain is not allowed."


@dataclass(frozen=True, slots=True)
class CreationPolicy:
    """The account creation policy of a directory."""

    verifies: bool
    welcomes: bool
    white: list[str]
    black: list[str]

    def check(self, email: str) -> None:
        """Raises 7205 for an address whose domain is on the black list, 7206 for one not on the white list."""
        domain = _domain(email)
        if any(matches(pattern, domain) for pattern in self.black):
            raise fault(Code.EMAIL_DOMAIN_NOT_ALLOWED, _NOT_ALLOWED)
        if self.white and not any(matches(pattern, domain) for pattern in self.white):
            raise fault(Code.EMAIL_DOMAIN_FORBIDDEN, _NOT_ALLOWED)


def of_directory(work: UnitOfWork, directory_id: str) -> CreationPolicy:
    """The policy of the directory. Raises a 404 where there is no such directory."""
    row = work.connection.execute(_POLICY, {"id": directory_id}).first()
    if row is None:
        raise fault(Code.NOT_FOUND)
    return CreationPolicy(
        row.verification_email_status == ENABLED,
        row.welcome_email_status == ENABLED,
        row.email_domain_whitelist,
        row.email_domain_blacklist,
    )


def matches(pattern: str, domain: str) -> bool:
    """Whether *pattern* matches the whole *domain*. Each ``*`` in it stands for any number of any characters.

    Each part between two stars is searched for once, behind the part before it, so that no pattern takes long.
    """
    head, *parts = pattern.lower().split("*")
    if not parts:
        return head == domain
    *middle, tail = parts
    at, end = len(head), len(domain) - len(tail)
    if end < at or not domain.startswith(head) or not domain.endswith(tail):
        return False
    for part in middle:
        found = domain.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _domain(email: str) -> str:
    """The domain of *email* as mail servers compare it. Otherwise a dot at the end, or capitals, would evade a list."""
    domain = email.rpartition("@")[2]
    return (ascii_domain(domain) or domain).lower().rstrip(".")


_POLICY = select(_policies).where(_policies.c.id == bindparam("id"))

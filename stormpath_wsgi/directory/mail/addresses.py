"""E-mail addresses: which texts are one, and what mail servers call their domains. Nobody is asked about them.

Source: RFC 5321 and RFC 6531, IDNA 2008, as the library email-validator reads them.
"""

from __future__ import annotations

import re

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from stormpath_wsgi import kinds

# No blanks and nothing unseen, which could forge headers of a mail. No colon either: at a login it ends the name
# (RFC 7617, section 2), so nobody could sign in with such an address.
_SEEN = re.compile(rf"[^\s:{kinds.CONTROL}{kinds.UNSEEN}]+")

#: What a domain such as localhost is looked at with: the library refuses those that are for special use, and we do not.
_ORDINARY = ".example"


def is_address(text: str) -> bool:
    """Whether *text*, of 255 characters at the most, is one e-mail address; also at a domain for special use."""
    return _SEEN.fullmatch(text) is not None and _ascii_domain(text) is not None


def mailbox(address: str) -> tuple[str, str]:
    """What two spellings of one mailbox have in common: the name in front of the @, in lower case, and the domain as
    mail servers spell it.

    Stricter than the key that an address is unique by: ``straße.example`` and ``strasse.example`` have one key, so that
    nobody takes one for the other, but two owners.
    """
    local, _, domain = address.rpartition("@")
    return local.lower(), (ascii_domain(domain) or domain).lower()


def ascii_domain(domain: str) -> str | None:
    """How mail servers spell *domain*; None where there can be no such one.

    Of letters beyond ASCII that is a matter of IDNA 2008: Python's own codec takes ``faß`` for ``fass``, which may be
    somebody else's.
    """
    return domain if domain.isascii() else _ascii_domain(f"a@{domain}")


def _ascii_domain(address: str) -> str | None:
    is_special = re.split("[.@]", address)[-1].lower() in SPECIAL_USE_DOMAIN_NAMES
    try:
        found = validate_email(
            address + _ORDINARY * is_special,
            allow_smtputf8=True,
            allow_quoted_local=False,
            allow_domain_literal=True,
            globally_deliverable=False,
            strict=False,  # there are accounts whose name in front of the @ is longer than mail servers have to take
            check_deliverability=False,
        )
    except EmailNotValidError:
        return None
    return found.ascii_domain.removesuffix(_ORDINARY) if is_special else found.ascii_domain

"""E-mail addresses: which texts are addresses, and how mail servers write their domains. No server is asked.

Source: RFC 5321 and RFC 6531, IDNA 2008, as the library email-validator reads them.
"""

from __future__ import annotations

import re

from stormpath_wsgi import kinds

# An address has no blanks and no invisible characters, which could forge headers of a mail. It has no colon either: in
# HTTP Basic a colon ends the name (RFC 7617, section 2), so nobody could sign in with such an address.
_SEEN = re.compile(rf"[^\s:{kinds.CONTROL}{kinds.UNSEEN}]+")

#: Added to domains such as localhost before they are checked: the library refuses domains for special use, and we do
#: not.
_ORDINARY = ".example"


def is_address(text: str) -> bool:
    """Whether *text*, of 255 characters at the most, is one e-mail address; also at a domain for special use."""
    return _SEEN.fullmatch(text) is not None and _ascii_domain(text) is not None


def mailbox(address: str) -> tuple[str, str]:
    """What all spellings of one mailbox have in common: the part before the @ in lower case, and the domain as mail
    servers write it.

    This is stricter than the unique key of an address. ``straße.example`` and ``strasse.example`` have the same key, so
    that nobody takes one for the other, but they are two domains with two owners.
    """
    local, _, domain = address.rpartition("@")
    return local.lower(), (ascii_domain(domain) or domain).lower()


def ascii_domain(domain: str) -> str | None:
    """*domain* as mail servers write it, in ASCII; None when there can be no such domain.

    Letters beyond ASCII are encoded by IDNA 2008. Python's own codec would turn ``faß`` into ``fass``, which may be
    another owner's domain.
    """
    return domain if domain.isascii() else _ascii_domain(f"a@{domain}")


def _ascii_domain(address: str) -> str | None:
    from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

    is_special = re.split("[.@]", address)[-1].lower() in SPECIAL_USE_DOMAIN_NAMES
    try:
        found = validate_email(
            address + _ORDINARY * is_special,
            allow_smtputf8=True,
            allow_quoted_local=False,
            allow_domain_literal=True,
            globally_deliverable=False,
            strict=False,  # some accounts have a longer part before the @ than mail servers have to accept
            check_deliverability=False,
        )
    except EmailNotValidError:
        return None
    return found.ascii_domain.removesuffix(_ORDINARY) if is_special else found.ascii_domain

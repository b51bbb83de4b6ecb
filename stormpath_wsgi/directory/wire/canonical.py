"""Canonical spellings: which texts count as the same, whatever the engine thinks of letters.

*Login names* (usernames and e-mail addresses) are compared by Unicode's ``NFKC_Casefold`` (Unicode Standard,
section 3.13, D146 and section 5.18): upper and lower case, full-width and ligature forms, and characters that
are never seen all fold together, so that nobody can register a second ``ada`` that looks like the first. This
is the spirit of PRECIS' UsernameCaseMapped (RFC 8265, section 3.3), which forbids what we fold.

*Names* (of applications, directories and groups) are compared by canonical caseless matching (Unicode Standard,
section 3.13, D145), which keeps compatibility forms apart: ``x²`` is not ``x2``.

Every function here is total and idempotent, and takes time in proportion to the text: to order the marks upon a letter
takes the square of their number, so of a text that is longer than any name nothing is folded.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from unicodedata import normalize

from stormpath_wsgi.kinds import UNSEEN

# PostgreSQL's B-tree refuses keys above 2704 bytes, and some characters fold to 18 others (U+FDFA). 512
# characters of up to 4 bytes fit, and no spelling of 255 characters that means something is longer.
_LONGEST = 512

#: Characters of the longest text that is folded. Whatever is unique by its key is shorter (255 characters, which become
#: 765 at the most where compatibility forms are kept apart), so a longer text is equal to none of them.
MOST_FOLDED = 1024

_LONGEST_LABEL = 63

_UNSEEN = re.compile(f"[{UNSEEN}]")


def canonical_username(text: str) -> str:
    """The key a username is unique by and found by."""
    return _settle(_login_name, text, _LONGEST)


def canonical_email(text: str) -> str:
    """The key an e-mail address is unique by and found by. Domains count in letters: ``xn--bcher-kva`` is ``bücher``.

    The whole address is folded. RFC 5321 lets a mail server tell ``Ada@`` from ``ada@``, but no server that
    people use does, and two accounts for one mailbox would be worse.
    """
    return canonical_username(text)


def canonical_name(text: str) -> str:
    """The key that the name of an application, directory or group is unique by in its scope."""
    return _settle(_name, text, MOST_FOLDED)


def fold(text: str) -> str:
    """The searchable shadow of any text, or of its beginning: what a search ignoring case compares, on both sides."""
    if text.isascii():
        return text.lower()
    return _settled(_compatible, text[:MOST_FOLDED])[:_LONGEST]


def _login_name(text: str) -> str:
    return _in_letters(_compatible(_UNSEEN.sub("", text)).strip())


def _in_letters(text: str) -> str:
    """*text* with the domain of an address in letters, as IDNA decodes them, and ASCII's dots between its labels."""
    local, at, domain = text.rpartition("@")
    return local + at + ".".join(map(_label, domain.replace("\u3002", ".").split("."))) if at else text


def _label(label: str) -> str:
    # To decode takes the square of the length; no label of a domain is longer (RFC 1035, section 2.3.4).
    if not label.startswith("xn--") or not label.isascii() or len(label) > _LONGEST_LABEL:
        return label
    encoded = label[4:].encode()
    try:
        letters = encoded.decode("punycode")
        is_honest = not letters.isascii() and letters.encode("punycode") == encoded
        letters.encode()  # a lone surrogate is no character
    except UnicodeError:
        return label
    # No letters, and what would be another address when it is folded.
    return label if not is_honest or re.search("[\x80-\x9f.@]", _compatible(letters)) else letters


def _name(text: str) -> str:
    return normalize("NFC", normalize("NFD", text).casefold()).strip()


def _compatible(text: str) -> str:
    return normalize("NFKC", normalize("NFKD", text).casefold())


def _settle(step: Callable[[str], str], text: str, longest: int) -> str:
    """*text* folded by *step*, or a digest in place of what is too long to be folded, or to be a key."""
    if len(text) > MOST_FOLDED:
        return _digest(text)
    key = _settled(step, text)
    return key if len(key) <= longest else _digest(key)


def _settled(step: Callable[[str], str], text: str) -> str:
    """*step* until nothing changes. Folding may undo a normal form and the other way round, but not for ever."""
    while (after := step(text)) != text:
        text = after
    return text


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

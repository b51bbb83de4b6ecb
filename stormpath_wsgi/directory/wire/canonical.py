"""Canonical forms: which texts count as equal, on every engine alike.

*Login names* (usernames and e-mail addresses) are compared by Unicode's ``NFKC_Casefold`` (Unicode Standard, section
3.13, D146 and section 5.18). Upper and lower case, full-width forms and ligatures, and invisible characters make no
difference, so nobody can register a second ``ada`` that looks like the first. PRECIS' UsernameCaseMapped (RFC 8265,
section 3.3) has the same aim, but forbids the characters that are folded here.

*Names* (of applications, directories and groups) are compared by canonical caseless matching (Unicode Standard,
section 3.13, D145), which keeps compatibility forms apart: ``x²`` is not ``x2``.

Every function here accepts any text and is idempotent. Its time is proportional to the length of the text. Sorting the
marks upon a letter takes the square of their number, so a text that is longer than any name is not folded.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from unicodedata import normalize

from stormpath_wsgi.kinds import UNSEEN

# PostgreSQL's B-tree refuses keys above 2704 bytes, and some characters fold to 18 others (U+FDFA). 512 characters of
# up to 4 bytes fit, and no meaningful text of 255 characters becomes longer.
_LONGEST = 512

#: Characters of the longest text that is folded. Every text with a unique key is shorter (255 characters, which become
#: 765 at the most where compatibility forms are kept apart), so a longer text equals none of them.
MOST_FOLDED = 1024

_LONGEST_LABEL = 63

_UNSEEN = re.compile(f"[{UNSEEN}]")


def canonical_username(text: str) -> str:
    """The key of the username *text*: it must be unique, and usernames are found by it."""
    return _settle(_login_name, text, _LONGEST)


def canonical_email(text: str) -> str:
    """The key of the e-mail address *text*: it must be unique, and addresses are found by it.

    Domains are compared in letters: ``xn--bcher-kva`` is ``bücher``. The whole address is folded. By RFC 5321, ``Ada@``
    and ``ada@`` may be two mailboxes, but no mail server in use treats them so, and two accounts for one mailbox would
    be worse.
    """
    return canonical_username(text)


def canonical_name(text: str) -> str:
    """The key of the name of an application, directory or group, which must be unique in its scope."""
    return _settle(_name, text, MOST_FOLDED)


def fold(text: str) -> str:
    """The folded form of any text, or of its beginning. A search that ignores case compares it, on both sides."""
    if text.isascii():
        return text.lower()
    return _settled(_compatible, text[:MOST_FOLDED])[:_LONGEST]


def _login_name(text: str) -> str:
    return _in_letters(_compatible(_UNSEEN.sub("", text)).strip())


def _in_letters(text: str) -> str:
    """The address *text* with its domain in letters, as IDNA decodes it, and with ASCII dots between the labels."""
    local, at, domain = text.rpartition("@")
    return local + at + ".".join(map(_label, domain.replace("\u3002", ".").split("."))) if at else text


def _label(label: str) -> str:
    # Decoding takes the square of the length, and no label of a domain is longer (RFC 1035, section 2.3.4).
    if not label.startswith("xn--") or not label.isascii() or len(label) > _LONGEST_LABEL:
        return label
    encoded = label[4:].encode()
    try:
        letters = encoded.decode("punycode")
        is_honest = not letters.isascii() and letters.encode("punycode") == encoded
        letters.encode()  # fails for a lone surrogate, which is no character
    except UnicodeError:
        return label
    # The label stays as it is if it decodes to no letters, or if folding would turn the address into another one.
    return label if not is_honest or re.search("[\x80-\x9f.@]", _compatible(letters)) else letters


def _name(text: str) -> str:
    return normalize("NFC", normalize("NFD", text).casefold()).strip()


def _compatible(text: str) -> str:
    return normalize("NFKC", normalize("NFKD", text).casefold())


def _settle(step: Callable[[str], str], text: str, longest: int) -> str:
    """*text* folded by *step*; a digest of it, when the text is too long to be folded, or the result too long for a
    key.
    """
    if len(text) > MOST_FOLDED:
        return _digest(text)
    key = _settled(step, text)
    return key if len(key) <= longest else _digest(key)


def _settled(step: Callable[[str], str], text: str) -> str:
    """*text* after as many *step* as change it.

    Folding may undo a normal form and the reverse, but this always ends.
    """
    while (after := step(text)) != text:
        text = after
    return text


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

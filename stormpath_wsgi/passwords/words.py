"""Words that everybody knows who knows the person or the site, and passwords that are made of them.

Such a word counts nothing in a password: what is left without them must be as long as a password has to be anyhow. So a
name in a long passphrase does no harm, and a name with a year behind it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from unicodedata import category, normalize

#: The characters that have to be left of a password without these words.
LEFT = 8

#: The shortest word that is looked for. Three letters are in many words by chance.
SHORTEST = 4

#: No more of a value is looked at, nor more words.
_LONGEST, _MOST = 1024, 100

#: What people write for letters. The same is done to the words, so that digits in them are found too.
_WRITTEN = str.maketrans("0134578@$!", "oleastbasi")

_BETWEEN = re.compile(r"[\W_]+")


def folded(text: str) -> str:
    """*text* in small letters, without accents, and with letters for the digits and symbols that people write for
    them.
    """
    bare = "".join(each for each in normalize("NFKD", text[:_LONGEST]) if category(each) != "Mn")
    return bare.casefold().translate(_WRITTEN)


def words_of(values: Iterable[object]) -> frozenset[str]:
    """The words in *values*, folded: names, addresses, hosts, of which each may be anything. Of an address and a host
    the last part is left out, which many have: ``org`` in ada@example.org.
    """
    found: set[str] = set()
    for value in values:
        if isinstance(value, str) and value:
            name, at, host = value[:_LONGEST].partition("@")
            labels = host.split(".")[:-1] if at else ()
            found.update(folded(each) for part in (name, *labels) for each in (part, *_BETWEEN.split(part)))
    return frozenset(sorted((word for word in found if len(word) >= SHORTEST), key=_order)[:_MOST])


def is_made_of(password: str, words: Iterable[str]) -> bool:
    """Whether too little is left of *password* without *words*, which are folded."""
    before = left = folded(password)
    for word in sorted(words, key=_order):  # long words first: they may hold shorter ones
        left = left.replace(word, "")
    return left != before and len(left) < LEFT


def _order(word: str) -> tuple[int, str]:
    return -len(word), word

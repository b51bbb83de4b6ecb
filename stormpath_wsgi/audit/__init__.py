"""The audit: what has happened to accounts and by administrators, kept so that it can be proved.

Each event becomes an :class:`.Entry`. Entries are put into a chain: each row has the digest of the row before it, so
none of them can be changed, taken out or moved without breaking the chain. The :class:`.Head` of the chain is signed
and given to a second place, where whoever can write the table cannot reach it. This room knows the arithmetic and the
proof. The directory stores the rows, in the transaction of the change that they tell of.
"""

from stormpath_wsgi.audit.chain import BEGINNING, Head, Row, following
from stormpath_wsgi.audit.entry import Entry, entry_of
from stormpath_wsgi.audit.export import documents, read
from stormpath_wsgi.audit.proof import Fault, Proof, prove
from stormpath_wsgi.audit.signing import HeadKeys
from stormpath_wsgi.audit.witness import Witness, heads_in

__all__ = [
    "BEGINNING",
    "Entry",
    "Fault",
    "Head",
    "HeadKeys",
    "Proof",
    "Row",
    "Witness",
    "documents",
    "entry_of",
    "following",
    "heads_in",
    "prove",
    "read",
]

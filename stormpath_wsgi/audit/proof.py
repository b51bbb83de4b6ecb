"""The proof: whether a chain is as it was written, and if not, which row is the first that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from stormpath_wsgi.audit.chain import BEGINNING, Head, Row, digest_of
from stormpath_wsgi.audit.signing import is_signed


@dataclass(frozen=True, slots=True)
class Fault:
    """The first row that is wrong stands, or stood, at *position*. *what*: what is wrong, a sentence."""

    position: int
    what: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of a proof. *first*, *last*: the positions of the rows; *last* is *first* - 1 where there is none.

    *compared*: how many heads of the second place agree. *remarks*: what could not be proved, as sentences.
    """

    first: int
    last: int
    compared: int = 0
    fault: Fault | None = None
    remarks: tuple[str, ...] = ()


@dataclass(slots=True)
class _Known:
    """What the second place says, and what of it was met so far. *digests*: by position. *beginnings*: positions and
    digests of the rows up to which it was told that retention had taken them away.
    """

    digests: Mapping[int, str]
    beginnings: Collection[tuple[int, str]] = ()
    agreed: int = 0  # the last position that agrees
    compared: int = 0
    remarks: list[str] = field(default_factory=list)

    def contradicts(self, position: int, digest: str) -> bool:
        known = self.digests.get(position)
        if known == digest:
            self.agreed, self.compared = position, self.compared + 1
        return known not in (None, digest)


def prove(
    tenant: str,
    rows: Callable[[], Iterable[Row]],
    *,
    begins: Head | None = None,
    head: Head | None = None,
    kept: Iterable[Head] = (),
    trusted: Collection[str] = (),
) -> Proof:
    """Whether the chain of *tenant* is as it was written.

    *rows*: returns all rows in the order of their positions, and may be called twice. *begins*: the head that retention
    has put in the place of earlier rows; None: there is none. *head*: the last one, as the table has it. *kept*: the
    heads of the second place. *trusted*: the public keys of those who may sign; empty: signatures are not looked at.
    """
    known = _known(kept, trusted)
    start = begins or Head(tenant, 0, BEGINNING, 0, begins=True)
    unsigned = _unsigned(begins, head, trusted)
    fault = unsigned or _beginning(start, known)
    last, digest = start.position, start.digest
    if fault is None:
        last, digest, fault = _walked(tenant, rows, start, known)
    if fault is None:
        fault = _end(last, digest, head, known)
    if not known.digests:
        known.remarks.append("No head of a second place was compared: who has the key could have written all anew.")
    return Proof(start.position + 1, last, known.compared, fault, tuple(known.remarks))


def _known(kept: Iterable[Head], trusted: Collection[str]) -> _Known:
    digests, beginnings, refused = dict[int, str](), set[tuple[int, str]](), 0
    for head in kept:
        if trusted and not (head.key in trusted and is_signed(head)):
            refused += 1
        else:
            digests.setdefault(head.position, head.digest)  # the first that was written there
            if head.begins:
                beginnings.add((head.position, head.digest))
    known = _Known(digests, beginnings)
    if refused:
        known.remarks.append(f"{refused} heads of the second place have no signature of a known key: left out.")
    return known


def _unsigned(begins: Head | None, head: Head | None, trusted: Collection[str]) -> Fault | None:
    for each in filter(None, (begins, head)):
        if trusted and not (each.key in trusted and is_signed(each)):
            return Fault(each.position, "The head of the table at this position has no signature of a known key.")
    return None


def _beginning(start: Head, known: _Known) -> Fault | None:
    if known.contradicts(start.position, start.digest):
        return Fault(start.position, "The rows up to here were other ones when the second place was told of them.")
    if known.digests and start.position and (start.position, start.digest) not in known.beginnings:
        # No fault: a process may have ended between taking them away and telling it.
        known.remarks.append(
            f"The rows up to {start.position} were taken away, and the second place was not told of it."
        )
    return None


def _walked(
    tenant: str, rows: Callable[[], Iterable[Row]], start: Head, known: _Known
) -> tuple[int, str, Fault | None]:
    """The last position that is right, its digest, and the first fault."""
    position, digest = start.position, start.digest
    for row in rows():
        if row.position <= start.position:
            return position, digest, Fault(row.position, "A row stands before the beginning of the chain.")
        fault = _fault(tenant, rows, row, position, digest, is_first=position == start.position)
        if fault is not None:
            return position, digest, fault
        position, digest = row.position, row.digest
        if known.contradicts(position, digest):
            return (
                position,
                digest,
                Fault(
                    known.agreed + 1,
                    f"The chain was written anew, from this row or a later one up to {position} on: the second place "
                    f"knows another row {position}.",
                ),
            )
    return position, digest, None


def _fault(
    tenant: str, rows: Callable[[], Iterable[Row]], row: Row, before: int, digest: str, *, is_first: bool
) -> Fault | None:
    """What is wrong with *row*, which follows the row at the position *before* with that *digest*."""
    expected = before + 1
    if row.position != expected:
        return Fault(expected, f"Rows {expected} to {row.position - 1} are missing.")
    if row.digest == digest_of(tenant, expected, row.previous, row.entry):
        if row.previous == digest:
            return None
        if is_first:
            return Fault(expected, "This row follows another one than the chain begins behind.")
        # This row is as it was written, so what it follows is not.
        return Fault(before, "This row was changed, and its digest too: the next one follows another row.")
    moved = next((each.position for each in rows() if _belongs(tenant, expected, digest, row, each)), None)
    if moved is not None:
        return Fault(expected, f"This row has changed its place: what belongs here stands at {moved}.")
    return Fault(expected, "This row was changed.")


def _belongs(tenant: str, position: int, digest: str, here: Row, other: Row) -> bool:
    """Whether what *other* says belongs to *position*, by the digest that it has itself or that stands *here*."""
    if other.position == position:
        return False
    return digest_of(tenant, position, digest, other.entry) in (here.digest, other.digest)


def _end(last: int, digest: str, head: Head | None, known: _Known) -> Fault | None:
    if head is not None and head.position > last:
        return Fault(last + 1, f"The rows behind {last} are missing: the chain ended at {head.position}.")
    if (longest := max(known.digests, default=0)) > last:
        return Fault(last + 1, f"The rows behind {last} are missing: the second place knows a row {longest}.")
    if last and (head is None or head.position < last):
        return Fault(last if head is None else head.position + 1, "The head of the table knows no such row.")
    if head is not None and head.digest != digest:
        return Fault(last, "This row was changed, and its digest too: the head of the table knows another one.")
    return None

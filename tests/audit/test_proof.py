"""A chain that others have changed: whatever they do, the first row that is wrong is named."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stormpath_wsgi.audit import (
    BEGINNING,
    Entry,
    Head,
    HeadKeys,
    Proof,
    Row,
    documents,
    following,
    heads_in,
    prove,
    read,
)

TENANT = "5tUbslkRsXuU7VTt5RxFNr"
OURS, THEIRS = HeadKeys(lambda: ["5a" * 32]), HeadKeys(lambda: ["a5" * 32])

_text = st.text(st.characters(codec="utf-8"), max_size=8)
_perhaps = st.none() | _text
_entries = st.builds(Entry, st.just(0), _text, _text, _perhaps, _perhaps, _perhaps, _perhaps, _perhaps, _text)


def chained(entries: Sequence[Entry], before: int = 0, digest: str = BEGINNING) -> list[Row]:
    """The rows of *entries*, behind the one at the position *before*. No two of them say the same."""
    rows: list[Row] = []
    for number, entry in enumerate(entries, before + 1):
        rows.append(following(TENANT, number, digest, replace(entry, at=number)))
        digest = rows[-1].digest
    return rows


def head_of(rows: Sequence[Row], *, by: HeadKeys = OURS, begins: bool = False) -> Head:
    last = rows[-1]
    return by.sign(Head(TENANT, last.position, last.digest, 1_700_000_000_000, begins))


def proved(rows: Sequence[Row], head: Head | None, **rest: Any) -> Proof:
    return prove(TENANT, lambda: iter(rows), head=head, **{"trusted": OURS.public(), **rest})


def wrong(rows: Sequence[Row], head: Head | None, **rest: Any) -> int:
    """The position that is named."""
    fault = proved(rows, head, **rest).fault
    assert fault is not None
    return fault.position


_chains = st.lists(_entries, min_size=1, max_size=9).map(chained)
#: A chain, and the number of one of its rows.
_picked = _chains.flatmap(lambda rows: st.tuples(st.just(rows), st.integers(0, len(rows) - 1)))
#: A chain, and the numbers of two of its rows, in order.
_pairs = (
    st.lists(_entries, min_size=2, max_size=9)
    .map(chained)
    .flatmap(lambda rows: st.tuples(st.just(rows), st.integers(0, len(rows) - 2), st.integers(1, len(rows) - 1)))
    .filter(lambda picked: picked[1] < picked[2])
)
few = settings(max_examples=15, deadline=None)


@few
@given(_chains, st.data())
def test_what_nobody_has_changed_is_proved(rows: list[Row], data: st.DataObject) -> None:
    kept = [head_of(rows[: data.draw(st.integers(1, len(rows)))])]
    proof = proved(rows, head_of(rows), kept=kept)
    assert (proof.first, proof.last, proof.compared, proof.fault, proof.remarks) == (1, len(rows), 1, None, ())


@few
@given(_picked, st.sampled_from(dataclasses.fields(Entry)), st.booleans())
def test_a_row_that_was_changed_is_named(
    picked: tuple[list[Row], int], field: dataclasses.Field[Any], rewritten: bool
) -> None:
    """Also where its digest was computed anew: then the row behind it, or the head, tells."""
    rows, number = picked
    head, old = head_of(rows), rows[number]
    value = old.entry.at + 100 if field.name == "at" else (getattr(old.entry, field.name) or "") + "!"
    changed: dict[str, Any] = {field.name: value}
    entry = replace(old.entry, **changed)
    rows[number] = following(TENANT, old.position, old.previous, entry) if rewritten else replace(old, entry=entry)
    assert wrong(rows, head) == old.position


@few
@given(_picked)
def test_a_digest_that_was_changed_is_named(picked: tuple[list[Row], int]) -> None:
    rows, number = picked
    head = head_of(rows)
    rows[number] = replace(rows[number], digest="f" * 64)
    assert wrong(rows, head) == number + 1


@few
@given(_picked, st.booleans())
def test_a_row_that_was_removed_is_named(picked: tuple[list[Row], int], renumbered: bool) -> None:
    rows, number = picked
    head = head_of(rows)
    del rows[number]
    if renumbered:
        rows[number:] = [replace(row, position=row.position - 1) for row in rows[number:]]
    assert wrong(rows, head) == number + 1


@few
@given(_pairs, st.booleans())
def test_of_two_rows_that_changed_places_the_first_is_named(picked: tuple[list[Row], int, int], whole: bool) -> None:
    """*whole*: with their digests; otherwise only what they say."""
    rows, one, other = picked
    head, first, second = head_of(rows), rows[one], rows[other]
    if whole:
        rows[one], rows[other] = replace(second, position=one + 1), replace(first, position=other + 1)
    else:
        rows[one], rows[other] = replace(first, entry=second.entry), replace(second, entry=first.entry)
    fault = proved(rows, head).fault
    assert fault is not None
    assert (fault.position, f"stands at {other + 1}" in fault.what) == (one + 1, True)


@few
@given(_picked, _entries)
def test_a_row_that_was_put_between_others_is_named(picked: tuple[list[Row], int], entry: Entry) -> None:
    rows, number = picked
    head, before = head_of(rows), rows[number].previous
    behind = [replace(row, position=row.position + 1) for row in rows[number:]]
    rows[number:] = [following(TENANT, number + 1, before, replace(entry, at=-1)), *behind]
    assert wrong(rows, head) in (number + 1, number + 2)  # it may be that it is what is wrong, or what follows it


@few
@given(_pairs)
def test_an_end_that_was_cut_off_is_named(picked: tuple[list[Row], int, int]) -> None:
    """Also where the table has the head that was the last one then: the second place has a later one."""
    rows, last, other = picked
    head, kept = head_of(rows), head_of(rows[: other + 1])
    del rows[last + 1 :]
    assert wrong(rows, head) == last + 2
    assert wrong(rows, head_of(rows), kept=[kept]) == last + 2
    assert proved(rows, head_of(rows)).remarks  # without a second place nothing is wrong, and that is said


@few
@given(_pairs, st.booleans())
def test_all_that_was_written_anew_is_named_by_the_second_place(
    picked: tuple[list[Row], int, int], has_key: bool
) -> None:
    rows, agreed, changed = picked
    kept = [head_of(rows[: agreed + 1]), head_of(rows)]
    others = [replace(row.entry, result="nothing") if row.position > changed else row.entry for row in rows]
    assume([row.entry for row in rows] != others)
    anew = chained(others)
    head = head_of(anew, by=OURS if has_key else THEIRS)
    if has_key:
        assert proved(anew, head).fault is None  # who has the key can do that
        fault = proved(anew, head, kept=kept).fault
        assert fault is not None and agreed + 2 == fault.position <= changed + 1
    else:
        assert wrong(anew, head) == len(anew)


@few
@given(_pairs)
def test_behind_what_retention_has_taken_away_the_chain_is_proved(picked: tuple[list[Row], int, int]) -> None:
    rows, last, _ = picked
    begins, rest, head = head_of(rows[: last + 1], begins=True), rows[last + 1 :], head_of(rows)
    proof = proved(rest, head, begins=begins, kept=[head_of(rows[: last + 1])])
    assert (proof.first, proof.last, proof.fault) == (last + 2, len(rows), None)
    # Whoever has the key could have done that: it is said where the second place was told of no retention.
    assert proof.remarks == (f"The rows up to {last + 1} were taken away, and the second place was not told of it.",)
    assert proved(rest, head, begins=begins, kept=[begins]).remarks == ()

    # Who takes rows away without the key has no such head; nor does one of another place do.
    assert wrong(rest, head) == 1
    assert wrong(rest, head, begins=head_of(rows[: last + 1], by=THEIRS, begins=True)) == last + 1
    assert wrong(rest[1:], head, begins=begins) == last + 2
    other = replace(head_of(rows[: last + 1]), begins=True)
    assert wrong(rest, head, begins=other) == last + 1  # a signed head that began nothing


def test_heads_that_others_have_written_into_the_second_place_are_left_out() -> None:
    rows = chained([Entry(0, "SignedIn", "done", None, None, None, None, None, "{}")] * 3)
    false = replace(head_of(rows[:2], by=THEIRS), digest="0" * 64)
    proof = proved(rows, head_of(rows), kept=[false, head_of(rows)])
    assert (proof.compared, proof.fault) == (1, None)
    assert "1 heads of the second place have no signature" in proof.remarks[0]


def test_heads_are_found_in_a_log_among_other_lines() -> None:
    rows = chained([Entry(0, "SignedIn", "done", None, None, None, None, None, "{}")])
    head = head_of(rows)
    other = replace(head, tenant="another")
    lines = [
        "2026-03-01 INFO stormpath_wsgi.audit: audit head " + json.dumps(head.document()),
        "2026-03-01 INFO stormpath_wsgi.audit: audit head " + json.dumps(other.document()),
        json.dumps({"tenant": TENANT, "position": "1", "digest": "x", "at": 0}),
        '{"tenant": [' * 1000,
        "GET / HTTP/1.1",
    ]
    assert list(heads_in(lines, TENANT)) == [head]


@few
@given(_chains)
def test_an_export_holds_what_is_proved(rows: list[Row]) -> None:
    head = head_of(rows)
    lines = [json.dumps(line) for line in documents(rows, begins=None, head=head)]
    found = list(read(lines))
    assert found == [("head", head), *(("row", row) for row in rows)]


@few
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | _text,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["row", "head", "position", "digest", "at"]) | _text, inner, max_size=3)
        ),
    )
)
def test_a_line_that_is_none_of_an_export_is_named(line: Any) -> None:
    try:
        found = list(read([json.dumps(line)]))
    except ValueError as error:
        assert "line 1" in str(error)
    else:
        assert not found

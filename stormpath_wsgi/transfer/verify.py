"""Comparing a file with a directory, member by member. Nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select

from stormpath_wsgi.directory.crypto.secrets import Secrets
from stormpath_wsgi.directory.storage import deadline
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.transfer.export import LONGEST
from stormpath_wsgi.transfer.layout import BY_TABLE, SECTIONS, Member, Section
from stormpath_wsgi.transfer.problems import MOST_SHOWN
from stormpath_wsgi.transfer.staying import Staying
from stormpath_wsgi.transfer.writing import Item, Mistake, Record, batches


@dataclass
class Differences:
    """What differs, by section. *missing*: records of the file that the directory has not; *other*: those that it has
    with other values; *more*: those that only the directory has; *unreadable*: lines that are no records.

    *same*: how many agree. *lines*: the first sentences about single records.
    """

    same: dict[str, int] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    other: dict[str, int] = field(default_factory=dict)
    more: dict[str, int] = field(default_factory=dict)
    unreadable: int = 0
    lines: list[str] = field(default_factory=list)

    @property
    def number(self) -> int:
        """How many records differ."""
        return self.unreadable + sum(sum(part.values()) for part in (self.missing, self.other, self.more))

    def note(self, part: dict[str, int], section: str, line: str | None = None) -> None:
        """Counts a record in *part*, and keeps what the *line* says, if there is room."""
        part[section] = part.get(section, 0) + 1
        if line is not None and len(self.lines) < MOST_SHOWN:
            self.lines.append(line)


def verify(
    database: Database,
    secrets: Secrets,
    items: Iterable[Item],
    *,
    has_secrets: bool,
    left_out: Mapping[str, int],
    progress: Callable[[int], object] = lambda records: None,
) -> Differences:
    """Compares *items*, the rows of a file, with the rows of *database*.

    *secrets*: those of the database. *has_secrets*: whether the file has the secrets; otherwise they are not compared.
    *left_out*: how many rows of each section the file has not because of that. What is being removed from *database*
    is nothing that it has more than the file.
    """
    found = Differences()
    with deadline.allowing(LONGEST), database.snapshot() as connection:
        for batch in batches(items):
            _compare(connection, secrets, batch, found, has_secrets)
            progress(len(batch))
        staying = Staying(connection)
        for section in SECTIONS:
            count = select(func.count()).select_from(section.table).where(*staying.conditions(section.table))
            there = connection.execute(count).scalar_one()
            known = sum(part.get(section.name, 0) for part in (found.same, found.other, left_out))
            if there > known:
                found.more[section.name] = there - known
    return found


def _compare(
    connection: Connection, secrets: Secrets, batch: Sequence[Item], found: Differences, has_secrets: bool
) -> None:
    by_section: dict[Section, list[Record]] = {}
    for item in batch:
        if isinstance(item, Record):
            by_section.setdefault(BY_TABLE[item.table], []).append(item)
        elif isinstance(item, Mistake):
            found.unreadable += 1
            if len(found.lines) < MOST_SHOWN:
                found.lines.append(f"{item.where}: {item.why}")
    for section, rows in by_section.items():
        there = _there(connection, section, rows)
        for row in rows:
            stored = there.get(tuple(row.values[name] for name in section.key))
            if stored is None:
                found.note(found.missing, section.name, f"{row.where}: not in the directory ({_label(section, row)}).")
                continue
            names = [
                member.name
                for member in section.members
                if (member.place is None or has_secrets) and not _same(section, member, secrets, row.values, stored)
            ]
            if names:
                text = f"{row.where}: differs in {', '.join(names)} ({_label(section, row)})."
                found.note(found.other, section.name, text)
            else:
                found.note(found.same, section.name)


def _there(
    connection: Connection, section: Section, rows: Sequence[Record]
) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    first = section.table.c[section.key[0]]
    wanted = {row.values[section.key[0]] for row in rows}
    stored = connection.execute(select(section.table).where(first.in_(wanted))).mappings()
    return {tuple(row[name] for name in section.key): dict(row) for row in stored}


def _same(
    section: Section, member: Member, secrets: Secrets, values: Mapping[str, Any], stored: Mapping[str, Any]
) -> bool:
    name = member.column.name
    value = stored[name]
    if member.place is not None and value is not None:
        try:
            value = secrets.decrypt(value, member.place(stored[section.key[0]]))
        except ConfigurationError:
            return False
    return bool(value == values.get(name))


def _label(section: Section, row: Record) -> str:
    return f"{section.name} {'/'.join(str(row.values[name]) for name in section.key)}"

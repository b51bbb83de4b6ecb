"""Writing what is imported, in batches: each is one transaction, and holds all of its records or none.

A record that the directory has already, by its id, is left as it is. So the same import can be run again: after a stop
it goes on where it was.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple, Protocol, TypeVar

from sqlalchemy import Connection, Table, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.mail import Mail
from stormpath_wsgi.directory.rows.counts import PARTS
from stormpath_wsgi.directory.storage import grams, schema, upsert
from stormpath_wsgi.directory.wire.canonical import canonical_email, canonical_username
from stormpath_wsgi.errors import Error
from stormpath_wsgi.kinds.kind import wire_name
from stormpath_wsgi.settings import MailSettings
from stormpath_wsgi.transfer.layout import BY_TABLE, COMPUTED, Section
from stormpath_wsgi.transfer.problems import BadRecord, Report, TransferError, reason
from stormpath_wsgi.transfer.targets import Target

#: Records, and about how many bytes of them, in one transaction.
MOST_RECORDS, MOST_BYTES = 1000, 8 * 2**20

_BASE = "https://import.invalid/v1"  # of hrefs that nobody sees

_accounts, _directories, _passwords = schema.accounts, schema.directories, schema.passwords
_counts, _login_names, _memberships = schema.account_counts, schema.login_names, schema.group_memberships
_members = schema.member_counts

#: What is left out without a complaint of a mistake, where it points at something that is not there.
_MISSING = "it refers to something that is not there."
_TAKEN = "something else in the directory has its name or its place."


class Record(NamedTuple):
    """One record of a table. *where*: its place, for people. *values*: by column, secrets as they are.

    *may_dangle*: whether it is left out, and no mistake, where it refers to what is not there. *size*: bytes, about.
    """

    where: str
    table: Table
    values: Mapping[str, Any]
    may_dangle: bool = False
    size: int = 200


class Task(NamedTuple):
    """What takes more than rows, such as a new directory with its policies. *make* makes it, in the batch, unless
    *table* has a row with the *id*. It answers None, or what of it is left out.
    """

    where: str
    table: Table
    id: str
    make: Callable[[UnitOfWork], str | None]
    may_dangle: bool = False
    size: int = 1000


class Mistake(NamedTuple):
    """A record that cannot be taken, and why. *is_none*: whether it is no mistake, and the import goes on."""

    where: str
    section: str
    why: str
    size: int = 0
    is_none: bool = False


class There(NamedTuple):
    """A record that the directory has already."""

    where: str
    section: str
    size: int = 0


Item = Record | Task | Mistake | There


class _Sized(Protocol):
    """What takes about so many bytes."""

    @property
    def size(self) -> int: ...


Taken = TypeVar("Taken", bound=_Sized)


class Importer:
    """Writes items into *target*. *tenant_id*: whose they are; None: the rows say so themselves.

    *skips*: whether it goes on after a mistake. Otherwise :meth:`write` raises :class:`TransferError` with the first
    sentences about it, and nothing of the batch is written.
    """

    def __init__(self, target: Target, tenant_id: str | None, *, skips: bool = False) -> None:
        self._target, self._tenant_id, self._skips = target, tenant_id, skips
        self.report = Report()

    def write(self, items: Iterable[Item], progress: Callable[[int], object] = lambda records: None) -> Report:
        """Writes all of *items*, and returns what came of it. *progress* is called with numbers of records."""
        return self.write_batches(batches(items), progress)

    def write_batches(
        self, batches: Iterable[Sequence[Item]], progress: Callable[[int], object] = lambda records: None
    ) -> Report:
        """The same for items that are in *batches* already, because some belong together."""
        for batch in batches:
            with self._target.batch() as connection:
                done = _Batch(connection, self._target, self._tenant_id).write(batch)
                if done.mistakes and not self._skips:
                    raise TransferError(_refusal(done))
            self.report.add(done.report)
            progress(len(batch))
        return self.report


def batches(items: Iterable[Taken], most: int = MOST_RECORDS) -> Iterator[list[Taken]]:
    """*items* in lists of bounded size, each of *most* items or fewer."""
    batch: list[Taken] = []
    size = 0
    for item in items:
        if batch and (len(batch) >= most or size + item.size > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += item.size
    if batch:
        yield batch


class _Batch:
    """One transaction of an import."""

    def __init__(self, connection: Connection, target: Target, tenant_id: str | None) -> None:
        self._connection, self._target, self._tenant_id = connection, target, tenant_id
        self._now = int(time.time() * 1000)
        self._new_accounts: Counter[tuple[str, int]] = Counter()
        self._new_members: Counter[tuple[str, int]] = Counter()
        self.report = Report()
        self.mistakes = 0

    def write(self, batch: Sequence[Item]) -> _Batch:
        """Writes the items, and answers itself."""
        for key, group in groupby(batch, key=lambda item: item.table if isinstance(item, Record) else None):
            items = list(group)
            if key is not None:
                self._rows(BY_TABLE[key], [item for item in items if isinstance(item, Record)])
                continue
            for item in items:
                if isinstance(item, Task):
                    self._task(item)
                elif isinstance(item, There):
                    self.report.count(self.report.there, item.section)
                elif isinstance(item, Mistake):
                    self.mistakes += not item.is_none
                    self.report.leave_out(item.section, item.where, item.why)
        self._count()
        return self

    def _rows(self, section: Section, rows: Sequence[Record]) -> None:
        new = self._new(section, rows)
        completed = []
        for row in new:
            try:
                completed.append((row, self._completed(section, row.values)))
            except BadRecord as error:
                self._mistake(section.name, row.where, str(error))
        if not completed:
            return
        try:
            with self._connection.begin_nested():
                self._insert(section, [values for _, values in completed])
        except IntegrityError:
            self._one_by_one(section, completed)
        else:
            self._made(section, [values for _, values in completed])

    def _one_by_one(self, section: Section, completed: Sequence[tuple[Record, dict[str, Any]]]) -> None:
        """Inserts what can be inserted, after a batch was refused."""
        for row, values in completed:
            try:
                with self._connection.begin_nested():
                    self._insert(section, [values])
            except IntegrityError as error:
                self._refused(section, row, error)
            else:
                self._made(section, [values])

    def _refused(self, section: Section, row: Record, error: IntegrityError) -> None:
        if not _is_duplicate(error) and row.may_dangle:
            self.report.leave_out(section.name, row.where, _MISSING)
        elif _is_duplicate(error) and section.table is _memberships:
            self.report.count(self.report.there, section.name)  # the same two, under another id
        else:
            self._mistake(section.name, row.where, _TAKEN if _is_duplicate(error) else _MISSING)

    def _insert(self, section: Section, rows: list[dict[str, Any]]) -> None:
        if section.table is _memberships:
            self._find_ages(rows)
        self._connection.execute(insert(section.table), rows)
        if section.table is _accounts:
            self._connection.execute(insert(_login_names), [name for row in rows for name in _names(row)])
            grams.learn(self._connection, [row["id"] for row in rows])
        elif section.table is _directories:
            self._connection.execute(insert(_counts), [each for row in rows for each in _zeros(row)])

    def _find_ages(self, members: list[dict[str, Any]]) -> None:
        """Completes new memberships. One of an account that is not there is refused by the database."""
        wanted = {row["account_id"] for row in members}
        found = select(_accounts.c.id, _accounts.c.created_at).where(_accounts.c.id.in_(wanted))
        ages = {row.id: row.created_at for row in self._connection.execute(found)}
        for row in members:
            row["account_created_at"] = ages.get(row["account_id"], 0)

    def _made(self, section: Section, rows: list[dict[str, Any]]) -> None:
        self.report.count(self.report.made, section.name, len(rows))
        if section.table is _accounts:
            self._new_accounts.update((row["directory_id"], ord(row["id"][-1]) % PARTS) for row in rows)
        elif section.table is _memberships:
            self._new_members.update((row["group_id"], ord(row["account_id"][-1]) % PARTS) for row in rows)

    def _count(self) -> None:
        """Brings the stored numbers up to date, as the last step of the transaction."""
        if self._new_members and self._target.counts:
            rows = [
                {"group_id": group, "part": part, "number": number}
                for (group, part), number in sorted(self._new_members.items())
            ]
            statement = upsert.insert(_members, self._connection.dialect.name)
            more = {"number": _members.c.number + statement.excluded.number}
            known = {"index_elements": ["group_id", "part"], "set_": more}
            self._connection.execute(statement.on_conflict_do_update(**known), rows)
        if self._new_accounts and self._target.counts:
            changes = [
                {"directory": directory, "of_part": part, "difference": number}
                for (directory, part), number in sorted(self._new_accounts.items())
            ]
            self._connection.execute(_CHANGE, changes)

    def _new(self, section: Section, rows: Sequence[Record]) -> list[Record]:
        """Those of *rows* that the directory has not, each once."""
        there = self._keys(section, rows)
        if section.table is _passwords:
            there |= self._older(rows)
        if section.table is _memberships:
            there |= self._members(rows)
        new = []
        for row in rows:
            key = tuple(row.values[name] for name in section.key)
            if key in there:
                self.report.count(self.report.there, section.name)
            else:
                there.add(key)
                new.append(row)
        return new

    def _keys(self, section: Section, rows: Sequence[Record]) -> set[tuple[Any, ...]]:
        columns = [section.table.c[name] for name in section.key]
        wanted = {row.values[section.key[0]] for row in rows}
        found = self._connection.execute(select(*columns).where(columns[0].in_(wanted)))
        return {tuple(key) for key in found}

    def _older(self, rows: Sequence[Record]) -> set[tuple[Any, ...]]:
        """The keys of those passwords that are older than one that the directory has of the same account."""
        wanted = {row.values["account_id"] for row in rows}
        newest = select(_passwords.c.account_id, func.max(_passwords.c.position)).group_by(_passwords.c.account_id)
        found = dict(self._connection.execute(newest.where(_passwords.c.account_id.in_(wanted))).all())
        return {
            (row.values["account_id"], row.values["position"])
            for row in rows
            if row.values["position"] < found.get(row.values["account_id"], -1)
        }

    def _members(self, rows: Sequence[Record]) -> set[tuple[Any, ...]]:
        """The keys of those memberships that the directory has under another id."""
        account, group = _memberships.c.account_id, _memberships.c.group_id
        wanted = {row.values["account_id"] for row in rows}
        found = {tuple(pair) for pair in self._connection.execute(select(account, group).where(account.in_(wanted)))}
        return {(row.values["id"],) for row in rows if (row.values["account_id"], row.values["group_id"]) in found}

    def _completed(self, section: Section, values: Mapping[str, Any]) -> dict[str, Any]:
        """All columns of a row: *values*, folded texts, encrypted secrets, and what a new row has by default."""
        row: dict[str, Any] = dict.fromkeys(section.table.c.keys())
        row.update(values)
        for name in ("created_at", "modified_at"):
            if name in row and row[name] is None:
                row[name] = self._now
        if "tenant_id" in row and row["tenant_id"] is None:
            row["tenant_id"] = self._tenant_id
        for name, (of, fold) in section.folded.items():
            row[name] = "" if row[of] is None else fold(row[of])
        for member in section.secrets:
            name = member.column.name
            if row[name] is not None and member.place is not None:
                row[name] = self._target.secrets.encrypt(row[name], member.place(row[section.key[0]]))
        for column in section.table.c:
            if row[column.name] is None and not column.nullable and column not in COMPUTED:
                raise BadRecord(f"{wire_name(column.name)} is missing.")
        if section.table is _accounts and not (canonical_username(row["username"]) and canonical_email(row["email"])):
            raise BadRecord("its username or its e-mail address has invisible characters only.")
        return row

    def _task(self, task: Task) -> None:
        section = BY_TABLE[task.table]
        if self._connection.execute(select(task.table.c.id).where(task.table.c.id == task.id)).first():
            self.report.count(self.report.there, section.name)
            return
        try:
            with self._connection.begin_nested():
                left_out = task.make(unit_of_work(self._connection, self._target, self._tenant_id or ""))
        except (Error, BadRecord) as error:
            if task.may_dangle:
                self.report.leave_out(section.name, task.where, reason(error))
            else:
                self._mistake(section.name, task.where, reason(error))
        else:
            self.report.count(self.report.made, section.name)
            if left_out is not None:
                self.report.leave_out(f"parts of {section.name}", task.where, left_out)

    def _mistake(self, section: str, where: str, why: str) -> None:
        self.mistakes += 1
        self.report.leave_out(section, where, why)


def unit_of_work(connection: Connection, target: Target, tenant_id: str) -> UnitOfWork:
    """What the rules of the directory work with, in a batch of *target*. No mail is sent, whatever they queue."""
    now = int(time.time() * 1000)
    return UnitOfWork(
        connection, tenant_id, _BASE, now, target.secrets, Mail.of(MailSettings(), _BASE, target.database)
    )


def _names(account: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of the names with which *account* signs in."""
    for key in {canonical_username(account["username"]): 0, canonical_email(account["email"]): 0}:
        yield {"directory_id": account["directory_id"], "key": key, "account_id": account["id"]}


def _zeros(directory: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for part in range(PARTS):
        yield {"tenant_id": directory["tenant_id"], "directory_id": directory["id"], "part": part, "number": 0}


_CHANGE = (
    update(_counts)
    .where(_counts.c.directory_id == bindparam("directory"), _counts.c.part == bindparam("of_part"))
    .values(number=_counts.c.number + bindparam("difference"))
)


def _refusal(batch: _Batch) -> str:
    problems = batch.report.problems[:3]
    more = batch.mistakes - len(problems)
    return "\n".join([*problems, *([f"… and {more} more in the same batch."] if more > 0 else [])])


def _is_duplicate(error: IntegrityError) -> bool:
    code = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None)
    return code in {"23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}

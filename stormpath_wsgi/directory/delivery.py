"""Delivery: mail that waits in the outbox is written and sent, after the transaction that asked for it was committed.

No request waits for a mail server. Each process that has mail starts a thread, which sends the mail and ends when there
is none left. A process claims a row by moving its time to a later one, so that no other process takes it. When a
process dies before it has sent a mail, another process sends it once that time has come. The ``Message-ID`` is made of
the row's id, so a mail that is sent twice is known as the same mail.

The same thread deletes the accounts whose owners asked for that, when their time is over, and the rows of large
directories and groups that were removed.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import weakref
from collections import deque
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, select, update

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.mail.mailers import NotSent
from stormpath_wsgi.directory.mail.purposes import MANY_FAILURES
from stormpath_wsgi.directory.rules.accounts.deletions import DueDeletions
from stormpath_wsgi.directory.rules.mails import messages, notices, smtp_servers
from stormpath_wsgi.directory.rules.mails.messages import Outgoing
from stormpath_wsgi.directory.rules.stores.removals import Removals
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.errors import ConfigurationError, Error, Unavailable
from stormpath_wsgi.events import WaitBegan
from stormpath_wsgi.kinds import id_of
from stormpath_wsgi.limits.limits import ACCOUNT, FACTOR

log = logging.getLogger(__name__)

_MOST_TRIES = 12  # with the pauses below, for about six hours
_FIRST_PAUSE, _LONGEST_PAUSE = 60_000, 3_600_000  # milliseconds
_LEASE = 600_000  # milliseconds that a row is claimed for; longer than sending a mail can take
_LOOK = 60.0  # seconds: the longest pause while mail is waiting
_LONGEST_LOOK = 3600.0  # seconds: the longest pause while an account is to be deleted
_MOST_GUESSED = 1000  # accounts that wait to be told that somebody guesses
_FAREWELL = 10.0  # seconds that close() waits for mail that is due

_outbox = schema.outbox


class Delivery:
    """Delivers the mail of *context*. Threads and greenlets may share it, and it can be used after a fork."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._deletions, self._removals = DueDeletions(context), Removals(context)
        self._looked_in: int | None = None  # the id of the process that has looked for mail of processes before it
        self._closing = False
        #: Accounts at which somebody has guessed, who are still to be told.
        self._guessed: deque[str] = deque(maxlen=_MOST_GUESSED)
        self._thread: threading.Thread | None = None
        self._begin()
        _announce_forks(self)

    def wake(self) -> None:
        """Tells the thread that there is mail in the outbox, and starts it if it does not run."""
        with self._lock:
            self._news.set()
            if self._thread is None or not self._thread.is_alive():  # it may have ended with an error
                thread = threading.Thread(target=self._run, name="stormpath-wsgi mail", daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:  # too many threads, or the program ends: the mail stays in the outbox
                    log.warning("mail waits in the outbox: %s", error)
                else:
                    self._thread = thread

    def warn(self, event: WaitBegan) -> None:
        """Has the thread tell the account of *event* by mail that somebody guesses at its password or its codes.

        The thread is woken for a name that no account has, too: the answer takes as long for that.
        """
        if event.limit in (ACCOUNT, FACTOR):
            if event.account is not None:
                self._guessed.append(id_of(event.account))
            self.wake()

    def look(self) -> None:
        """Once in each process: looks for mail in the outbox that a process before it has not sent, and starts to send
        it.

        This asks the database, so it raises :class:`~stormpath_wsgi.errors.Unavailable` when the database cannot serve.
        """
        if self._looked_in != os.getpid():
            self._looked_in = os.getpid()
            if self._pause() is not None or self._deletions.pause() is not None or self._removals.are_waiting():
                self.wake()

    def serve(self) -> None:
        """Does what :meth:`look` does, but in the thread, and so does not wait for the database.

        Not for a process that forks later: at the fork, the thread might be using the database.
        """
        if self._looked_in != os.getpid():
            self._looked_in = os.getpid()
            self.wake()

    def close(self) -> None:
        """Delivers what is due, for ten seconds at the most. The next process sends what is left."""
        self._closing = True
        if (thread := self._thread) is not None:
            self._news.set()
            thread.join(_FAREWELL)

    def _begin(self) -> None:
        self._lock, self._news, self._thread = threading.Lock(), threading.Event(), None

    def _run(self) -> None:
        while True:
            self._news.clear()
            pause = _sooner(self._warn_guessed(), self._round(), self._delete_due(), self._remove_some())
            with self._lock:
                if not self._news.is_set() and (pause is None or self._closing):
                    self._thread = None
                    return
            self._news.wait(pause)

    def _warn_guessed(self) -> float | None:
        """Tells accounts that somebody guesses. Returns the seconds until the next look; None: none is to be told."""
        while self._guessed:
            account_id = self._guessed.popleft()
            try:
                with self._context.write(moves_generation=False) as work:
                    notices.warn(work, MANY_FAILURES, account_id)
            except (Unavailable, ConfigurationError) as error:
                self._guessed.appendleft(account_id)
                log.warning("mail about guesses waits: %s", error)
                return _LOOK
            except Error as error:  # the account was removed meanwhile
                log.info("No mail about guesses: %s", error)
        return None

    def _round(self) -> float | None:
        """Delivers what is due. Returns the seconds until the next look; None when the outbox is empty."""
        try:
            while (pause := self._pause()) == 0 and (claimed := self._claim()) is not None:
                self._deliver(claimed)
            return pause
        except (Unavailable, ConfigurationError) as error:
            log.warning("mail waits in the outbox: %s", error)
            return _LOOK

    def _delete_due(self) -> float | None:
        """Deletes accounts whose time is over. Returns the seconds until the next look; None when there are none."""
        try:
            while (pause := self._deletions.pause()) == 0 and not self._closing:
                if not self._deletions.round():
                    return _LOOK
            return None if pause is None else min(pause, _LONGEST_LOOK)
        except (Unavailable, ConfigurationError) as error:
            log.warning("accounts that are to be deleted wait: %s", error)
            return _LOOK

    def _remove_some(self) -> float | None:
        """Removes rows of what was removed. Returns the seconds until the next look; None when there are none."""
        try:
            return self._removals.round()
        except (Unavailable, ConfigurationError) as error:
            log.warning("rows that are to be removed wait: %s", error)
            return _LOOK

    def _claim(self) -> Row[*tuple[Any, ...]] | None:
        with self._context.write(moves_generation=False) as work:
            parameters = {"tenant": work.tenant_id, "now": work.now, "later": work.now + _LEASE}
            return work.connection.execute(_CLAIM, parameters).first()

    def _deliver(self, claimed: Row[*tuple[Any, ...]]) -> None:
        try:
            self._send(claimed)
        except NotSent as error:
            self._retry(claimed, error, is_final=error.is_final)
        except ConfigurationError as error:  # a key is missing
            self._retry(claimed, error)
        except Unavailable:
            raise
        except Exception as error:
            if isinstance(error, Error) and error.code == Code.NOT_FOUND:
                self._drop(claimed)  # the account, or what the mail is about, was removed meanwhile
            else:  # an error in this program: other mails go on, and this one is tried a limited number of times
                self._retry(claimed, type(error).__name__)  # without the text of the error, which might quote the token
        else:
            self._drop(claimed)

    def _send(self, claimed: Row[*tuple[Any, ...]]) -> None:
        with self._context.read() as work:
            message = messages.write(work, _outgoing(work, claimed))
            mailer = smtp_servers.mailer(work) or work.mail.mailer
        if message is not None:
            mailer.send(message)

    def _retry(self, claimed: Row[*tuple[Any, ...]], error: Exception | str, *, is_final: bool = False) -> None:
        if is_final or claimed.attempts >= _MOST_TRIES:
            log.error("mail %s is given up, the tries were %d: %s", claimed.id, claimed.attempts, error)
            self._drop(claimed)
            return
        log.warning("mail %s is tried again later: %s", claimed.id, error)
        pause = min(_FIRST_PAUSE << (claimed.attempts - 1), _LONGEST_PAUSE)
        with self._context.write(moves_generation=False) as work:
            later = update(_outbox).where(_outbox.c.id == claimed.id).values(due_at=work.now + pause)
            work.connection.execute(later)

    def _drop(self, claimed: Row[*tuple[Any, ...]]) -> None:
        with self._context.write(moves_generation=False) as work:
            work.connection.execute(delete(_outbox).where(_outbox.c.id == claimed.id))

    def _pause(self) -> float | None:
        with self._context.read() as work:
            due = work.connection.execute(_NEXT, {"tenant": work.tenant_id}).scalar()
        return None if due is None else min(max(due - work.now, 0) / 1000, _LOOK)


def _outgoing(work: UnitOfWork, claimed: Row[*tuple[Any, ...]]) -> Outgoing:
    """What a row of the outbox is about."""
    token, details = claimed.token, claimed.details
    return Outgoing(
        id=claimed.id,
        purpose=claimed.purpose,
        account_id=claimed.account_id,
        application_id=claimed.application_id,
        address=claimed.address,
        language=claimed.language,
        token=token and work.secrets.decrypt(token, schema.place(_outbox.c.token, claimed.id)),
        details=json.loads(work.secrets.decrypt(details, schema.place(_outbox.c.details, claimed.id)))
        if details
        else {},
    )


def _sooner(*pauses: float | None) -> float | None:
    """The shortest of *pauses*; None where there is none."""
    return min((pause for pause in pauses if pause is not None), default=None)


_NEXT = select(func.min(_outbox.c.due_at)).where(_outbox.c.tenant_id == bindparam("tenant"))
_CLAIM = (
    update(_outbox)
    .where(
        _outbox.c.id
        == select(_outbox.c.id)
        .where(_outbox.c.tenant_id == bindparam("tenant"), _outbox.c.due_at <= bindparam("now"))
        .order_by(_outbox.c.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    .values(attempts=_outbox.c.attempts + 1, due_at=bindparam("later"))
    .returning(*_outbox.c)
)


def _announce_forks(delivery: Delivery) -> None:
    """Starts anew in a forked child: the thread does not exist there, and a lock might stay locked for ever."""
    reference = weakref.ref(delivery)

    def after() -> None:
        if found := reference():
            found._begin()

    os.register_at_fork(after_in_child=after)

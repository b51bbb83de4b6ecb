"""What an app usually gives Flask-Login: its people in a table, read by SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from flask_login import UserMixin
from sqlalchemy import create_engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    """Has the tables."""


class Person(UserMixin, Base):  # type: ignore[misc]
    """Who signs in."""

    __tablename__ = "people"

    id: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str]
    role: Mapped[str]

    @property
    def groups(self) -> list[str]:
        """The one group that the role is."""
        return [self.role]


def people(url: str) -> Callable[[str], Person | None]:
    """The loader of users of an app with one user, *ada*, who is an admin. It asks the database at *url* each time."""
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    with suppress(IntegrityError), Session(engine) as session, session.begin():  # another worker has made her
        session.add(Person(id="ada", email="ada@example.org", role="admins"))

    def load(id: str) -> Person | None:
        with Session(engine) as session:
            return session.get(Person, id)

    return load

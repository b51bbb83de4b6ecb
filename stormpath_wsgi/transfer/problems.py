"""What is wrong with what is imported, as sentences with the place where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field

from stormpath_wsgi.errors import Error

#: Problems that are kept to be shown. All are counted.
MOST_SHOWN = 20


class TransferError(Exception):
    """The export or the import ends here. The text is for the person who runs it."""


class BadRecord(ValueError):
    """One record cannot be taken. The text says what is wrong with it."""


def reason(error: Error | BadRecord) -> str:
    """Why a record cannot be taken, for whoever imports it."""
    return error.developer_message if isinstance(error, Error) else str(error)


@dataclass
class Report:
    """What came of an import, by the names of the sections of a file.

    *made*: what is new. *there*: what the directory had before. *left_out*: what could not be taken, or refers to what
    is not there; *problems* are the first sentences about it.
    """

    made: dict[str, int] = field(default_factory=dict)
    there: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def count(self, part: dict[str, int], section: str, number: int = 1) -> None:
        """Adds *number* to what *part*, one of the three, has of *section*."""
        if number:
            part[section] = part.get(section, 0) + number

    def leave_out(self, section: str, where: str, why: str) -> None:
        """Notes that the record at the place *where* is not taken."""
        self.count(self.left_out, section)
        if len(self.problems) < MOST_SHOWN:
            self.problems.append(f"{where}: {why}")

    def add(self, other: Report) -> None:
        """Adds what came of one batch."""
        for name in ("made", "there", "left_out"):
            for section, number in getattr(other, name).items():
                self.count(getattr(self, name), section, number)
        self.problems += other.problems[: MOST_SHOWN - len(self.problems)]

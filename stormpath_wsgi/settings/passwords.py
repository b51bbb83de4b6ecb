"""Which new passwords are refused, and who chooses them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.passwords import COMMON, ListError, PasswordList
from stormpath_wsgi.passwords.cost import DEFAULT, Cost
from stormpath_wsgi.settings.section import Section
from stormpath_wsgi.settings.sources import Unit
from stormpath_wsgi.settings.types import Names


def _cost(value: str) -> str:
    Cost.of(value)
    return value


class PasswordsSettings(Section):
    """Which new passwords are refused, beside what the directory's policy says, who chooses them, and what their hashes
    cost.
    """

    known: bool = Field(
        True,
        description="Whether our pages and flows refuse new passwords that are on a list of stolen ones.",
    )
    list: Path | None = Field(
        None,
        description="The file with that list, as stormpath-wsgi passwords build makes it. Not set: ours, of the "
        "100,000 most common passwords.",
    )
    own_words: bool = Field(
        True,
        description="Whether our pages and flows refuse new passwords that are made of little else than the names of "
        "their owner, parts of the address, the name and host of the site, or words.",
    )
    words: Names = Field(
        (),
        description="More words about the site that are in passwords by themselves, such as its products or its town: "
        "of 4 characters or more.",
    )
    passphrase: Annotated[int, Field(ge=0, le=255), Unit("characters")] = Field(
        16,
        description="From how many characters on a password needs no capital, no number and the like, in a directory "
        "whose password strength nobody has set. 0: it always needs them.",
    )
    in_directory: bool = Field(
        False,
        description="Whether an embedded directory refuses such passwords itself, whoever sets them: programs by the "
        "REST API and commands too.",
    )
    at_sign_in: Literal["suggest", "mail", "ignore"] = Field(
        "suggest",
        description="What becomes of somebody who signs in on the page with a password that is on the list. suggest: "
        "is signed in, and led to where it is changed. mail: is not signed in, and gets a mail with a link for a new "
        "one, where the directory sends these. ignore: is signed in.",
    )
    cost: Annotated[str, AfterValidator(_cost)] = Field(
        DEFAULT,
        description="What the hash of a password costs in a directory of this site's own. rfc9106: argon2id with 64 "
        "MiB, 3 passes and 4 lanes (RFC 9106, second choice). owasp: with 19 MiB, 2 passes and 1 lane (OWASP, Password "
        "Storage Cheat Sheet). Or another cost, such as m=131072,t=3,p=4 (KiB, passes, lanes): stormpath-wsgi "
        "passwords tune says what fits this machine. A hash of another cost is replaced at the next sign-in.",
    )
    administrators_choose: bool = Field(
        False,
        description="Whether the commands account create and account password ask for a password. Off: they mail the "
        "person a link, so that nobody else knows the password.",
    )

    def check(self) -> None:
        """Raises :class:`~stormpath_wsgi.errors.ConfigurationError` where ``list`` is no file of such a list."""
        try:
            if self.known and self.list is not None:
                PasswordList(self.list).layout()
        except ListError as error:
            raise ConfigurationError(f"passwords.list (STORMPATH_PASSWORDS_LIST): {error}") from error

    @property
    def hash_cost(self) -> Cost:
        """What the hash of a password costs."""
        return Cost.of(self.cost)

    @property
    def known_list(self) -> PasswordList | None:
        """The list of stolen passwords; None where it is not looked at."""
        return PasswordList(self.list or COMMON) if self.known else None

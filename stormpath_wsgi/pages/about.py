"""What the pages tell about the application: its name, and what a password must hold."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from stormpath_wsgi.client.store import DataStore
from stormpath_wsgi.errors import Error
from stormpath_wsgi.flows.refusals import failure
from stormpath_wsgi.remembered import Remembered

_WORDS = {
    "minLowerCase": ("lowercase letter", "lower"),
    "minUpperCase": ("uppercase letter", "upper"),
    "minNumeric": ("number", "digit"),
    "minSymbol": ("symbol", "special"),
    "minDiacritic": ("letter with an accent", None),
}


class PasswordRules(NamedTuple):
    """What a new password must hold: for people, for the browser, and for password managers."""

    sentence: str
    min_length: int
    #: The value of the ``passwordrules`` attribute (Apple, "Password Rules"), from which managers make passwords.
    generator: str


def password_rules(strength: Mapping[str, Any]) -> PasswordRules:
    """The rules of a password strength in its wire shape."""
    wanted = [(strength[name], *words) for name, words in _WORDS.items() if strength[name]]
    parts = [f"{count} {words}s" if count > 1 else f"{_article(words)} {words}" for count, words, _ in wanted]
    length = f"At least {strength['minLength']} characters"
    generator = [f"minlength: {strength['minLength']}", f"maxlength: {strength['maxLength']}"]
    generator += [f"required: {kind}" for _, _, kind in wanted if kind]
    return PasswordRules(
        f"{length}, with {_enumerated(parts)}." if parts else f"{length}.",
        strength["minLength"],
        "; ".join(generator) + ";",
    )


def _article(words: str) -> str:
    return "an" if words[0] in "aeiou" else "a"


def _enumerated(parts: list[str]) -> str:
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


class About:
    """Reads what is told about one application, and again when the directory has changed.

    *ttl*: seconds that it is remembered at the most. *clock*: seconds since the epoch.
    """

    def __init__(
        self, store: DataStore, application_href: str, *, ttl: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        # One value, so that threads never see the name of one reading beside the rules of another.
        self._told = Remembered(self._read, generation=store.generation, ttl=ttl, clock=clock)
        self._href = application_href

    @property
    def name(self) -> str:
        return self._told.get(self._href)[0]

    @property
    def password_rules(self) -> PasswordRules | None:
        """The rules of the directory that new accounts go to. None: there is no such directory."""
        return self._told.get(self._href)[1]

    def _read(self, href: str) -> tuple[str, PasswordRules | None]:
        try:
            application = self._store.get(href)
            return application["name"], self._read_rules(application)
        except Error as error:
            raise failure(error) from error

    def _read_rules(self, application: Mapping[str, Any]) -> PasswordRules | None:
        get = self._store.get
        mapping = application["defaultAccountStoreMapping"]
        if mapping is None:
            return None
        account_store = get(get(mapping["href"])["accountStore"]["href"])
        if "passwordPolicy" not in account_store:
            account_store = get(account_store["directory"]["href"])  # a group: its accounts live in its directory
        policy = get(account_store["passwordPolicy"]["href"])
        return password_rules(get(policy["strength"]["href"]))

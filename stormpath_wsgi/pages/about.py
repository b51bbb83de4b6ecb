"""What the pages tell about the application: its name, and what a password must hold."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple
from unicodedata import category, normalize

from stormpath_wsgi.client.store import DataStore
from stormpath_wsgi.errors import Error
from stormpath_wsgi.flows.refusals import failure
from stormpath_wsgi.kinds import ENABLED, MailedCode, PasswordStrength, wire_name
from stormpath_wsgi.remembered import Remembered
from stormpath_wsgi.slots import EVERYBODY
from stormpath_wsgi.texts import Texts

_WORDS: Mapping[str, tuple[Callable[[Texts, int], str], str | None]] = {
    "minLowerCase": (lambda texts, n: texts.ngettext("a lowercase letter", "%(number)s lowercase letters", n), "lower"),
    "minUpperCase": (
        lambda texts, n: texts.ngettext("an uppercase letter", "%(number)s uppercase letters", n),
        "upper",
    ),
    "minNumeric": (lambda texts, n: texts.ngettext("a number", "%(number)s numbers", n), "digit"),
    "minSymbol": (lambda texts, n: texts.ngettext("a symbol", "%(number)s symbols", n), "special"),
    "minDiacritic": (
        lambda texts, n: texts.ngettext("a letter with an accent", "%(number)s letters with an accent", n),
        None,
    ),
}


#: Of how many organizations it is remembered what is told about them.
MOST = 1000

#: The same, as lines of a list.
_RULES: Mapping[str, Callable[[Texts, int], str]] = {
    "minLength": lambda texts, n: texts.ngettext("%(number)s character or more", "%(number)s characters or more", n),
    "minUpperCase": lambda texts, n: texts.ngettext("An upper-case letter", "%(number)s upper-case letters", n),
    "minLowerCase": lambda texts, n: texts.ngettext("A lower-case letter", "%(number)s lower-case letters", n),
    "minNumeric": lambda texts, n: texts.ngettext("A number", "%(number)s numbers", n),
    "minSymbol": lambda texts, n: texts.ngettext("A symbol", "%(number)s symbols", n),
    "minDiacritic": lambda texts, n: texts.ngettext("A letter with an accent", "%(number)s letters with an accent", n),
    "maxLength": lambda texts, n: texts.ngettext("%(number)s character at most", "%(number)s characters at most", n),
}

#: What counts for each minimum, by its name in the wire shape.
_COUNTED = {wire_name(name): is_one for name, (_, is_one) in PasswordStrength.counted.items()}

#: The name of the rule, beside those of the directory, from which length on only the length counts.
PASSPHRASE = "passphrase"  # noqa: S105 - the name of a rule

#: No longer password is looked at: no rule allows more characters.
_LONGEST = 1024
#: From so many characters on the maximum is not told before somebody exceeds it.
_LONG = 64


class Rule(NamedTuple):
    """One line of the list beneath a new password. *kind* and *number* say it to the script, *text* to people."""

    kind: str
    number: int
    text: str
    #: Whether the password that was sent did not keep to it.
    missing: bool = False


class PasswordRules(NamedTuple):
    """What a new password must hold: for people, for the browser, and for password managers."""

    sentence: str
    min_length: int
    #: The value of the ``passwordrules`` attribute (Apple, "Password Rules"), from which managers make passwords.
    generator: str
    #: The same as the sentence, rule by rule.
    rules: tuple[Rule, ...] = ()

    def after(self, password: str) -> PasswordRules:
        """The same, with marks at the rules to which the *password* that was sent does not keep."""
        lacking = lacks({rule.kind: rule.number for rule in self.rules}, password)
        return self._replace(rules=tuple(rule._replace(missing=rule.kind in lacking) for rule in self.rules))


def password_rules(strength: Mapping[str, Any], texts: Texts) -> PasswordRules:
    """The rules of a password *strength* in its wire shape, in the language of *texts*."""
    wanted = [(strength[name], *words) for name, words in _WORDS.items() if strength[name]]
    parts = [words(texts, number) for number, words, _ in wanted]
    generator = [f"minlength: {strength['minLength']}", f"maxlength: {strength['maxLength']}"]
    generator += [f"required: {kind}" for _, _, kind in wanted if kind]
    return PasswordRules(
        _sentence(strength["minLength"], parts, texts),
        strength["minLength"],
        "; ".join(generator) + ";",
        tuple(_rules(strength, texts)),
    )


def lacks(strength: Mapping[str, Any], password: str) -> set[str]:
    """The rules of *strength*, by their names in its wire shape, to which *password* does not keep. A rule that is left
    out is none.
    """
    if len(password) > _LONGEST:
        return {"maxLength"}
    # All blanks count as one kind, as the directory has it.
    text = normalize("NFC", "".join(" " if category(character) == "Zs" else character for character in password))
    is_passphrase = 0 < strength.get(PASSPHRASE, 0) <= len(text)
    counted = {} if is_passphrase else _COUNTED
    counts = {name: sum(map(bool, map(is_one, text))) for name, is_one in counted.items()}
    counts["minLength"] = len(text)
    lacking = {name for name, number in counts.items() if number < strength.get(name, 0)}
    return lacking | {"maxLength"} if len(text) > strength.get("maxLength", len(text)) else lacking


def _rules(strength: Mapping[str, Any], texts: Texts) -> Iterator[Rule]:
    for name, words in _RULES.items():
        number = strength[name]
        # So long a password hardly anybody makes: to say so would only be one more line to read.
        if number and (name != "maxLength" or number < _LONG):
            yield Rule(name, number, words(texts, number))
    if number := strength.get(PASSPHRASE, 0):
        yield Rule(PASSPHRASE, number, texts.gettext("Or any %(number)s characters or more", number=number))


def _sentence(length: int, parts: list[str], texts: Texts) -> str:
    if not parts:
        return texts.ngettext("At least %(number)s character.", "At least %(number)s characters.", length)
    return texts.ngettext(
        "At least %(number)s character, with %(parts)s.",
        "At least %(number)s characters, with %(parts)s.",
        length,
        parts=texts.listing(parts),
    )


class Policies(NamedTuple):
    """What the directory that new accounts go to says of passwords and addresses."""

    #: What a password must hold, in its wire shape.
    strength: Mapping[str, Any]
    #: Whether links for new passwords are mailed.
    resets: bool
    #: The hours for which such a link is good.
    reset_hours: int
    #: Whether addresses are verified.
    verifies: bool


#: The name, the policies, and the milliseconds for which a code in a mail is good.
_Told = tuple[str, Policies | None, int | None]


class About:
    """Reads what is told about one application, and again when the directory has changed.

    *owner*: returns the href of the organization whose people are served at the moment, and about which the same is
    told then; None: it is about the application. *passphrase*: the characters from which on a password needs nothing
    else, in a directory whose strength nobody has set; 0: none. *ttl*: seconds that it is remembered at the most.
    *clock*: seconds since the epoch.
    """

    def __init__(
        self,
        store: DataStore,
        application_href: str,
        *,
        ttl: float,
        owner: Callable[[], str | None] = lambda: None,
        passphrase: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        # One value, so that threads never see the name of one reading beside the rules of another.
        bounds: dict[str, Any] = {"generation": store.generation, "slot": EVERYBODY, "ttl": ttl, "clock": clock}
        self._remembered: Remembered[str, _Told] = Remembered(self._read, size=MOST, **bounds)
        # Apart, since few forms ask for it.
        self._demanded: Remembered[str, frozenset[str]] = Remembered(self._read_demanded, size=MOST, **bounds)
        self._href, self._owner, self._passphrase = application_href, owner, passphrase

    @property
    def name(self) -> str:
        """The name of the application, or of the organization."""
        return self._told[0]

    @property
    def policies(self) -> Policies | None:
        """Those of the directory that new accounts go to. None: there is no such directory."""
        return self._told[1]

    @property
    def password_strength(self) -> Mapping[str, Any] | None:
        """That of the directory that new accounts go to, in its wire shape. None: there is no such directory."""
        return self.policies and self.policies.strength

    @property
    def resets_passwords(self) -> bool:
        """Whether links for new passwords are mailed."""
        return self.policies is not None and self.policies.resets

    @property
    def code_lifetime(self) -> int | None:
        """The milliseconds for which a code in a mail is good. None: the directory mails none."""
        return self._told[2]

    @property
    def verifies_addresses(self) -> bool:
        """Whether a new account has to show that mail to its address arrives."""
        return self.policies is not None and self.policies.verifies

    @property
    def demanded(self) -> frozenset[str]:
        """What the schema of that directory wants of every account, by the names in JSON."""
        return self._demanded.get(self._owner() or self._href)

    def strength_in(self, directory_href: str) -> Mapping[str, Any]:
        """What a password in that directory must hold, in its wire shape."""
        try:
            return self._read_policies(self._store.get(directory_href)).strength
        except Error as error:
            raise failure(error) from error

    @property
    def _told(self) -> _Told:
        return self._remembered.get(self._owner() or self._href)

    def _read(self, href: str) -> _Told:
        try:
            application = self._store.get(href)
            directory = self._directory(application)
            policies = None if directory is None else self._read_policies(directory)
            return application["name"], policies, self._read_lifetime()
        except Error as error:
            raise failure(error) from error

    def _read_lifetime(self) -> int | None:
        try:
            return int(self._store.get(f"{self._href}/{MailedCode.path}")["lifetime"])
        except Error as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return None  # of an older version

    def _read_demanded(self, href: str) -> frozenset[str]:
        try:
            directory = self._directory(self._store.get(href))
            schema = None if directory is None else directory.get("accountSchema")
            fields = self._store.list(f"{schema['href']}/fields")["items"] if schema else ()
            return frozenset(field["name"] for field in fields if field["required"])
        except Error as error:
            raise failure(error) from error

    def _directory(self, owner: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Where new accounts of *owner* go, an application or organization; None: nowhere."""
        mapping = owner["defaultAccountStoreMapping"]
        if mapping is None:
            return None
        store = self._store.get(self._store.get(mapping["href"])["accountStore"]["href"])
        if "defaultAccountStoreMapping" in store:
            return self._directory(store)  # an organization
        if "passwordPolicy" not in store:
            return self._store.get(store["directory"]["href"])  # a group: its accounts live in its directory
        return store

    def _read_policies(self, directory: Mapping[str, Any]) -> Policies:
        password = self._store.get(directory["passwordPolicy"]["href"])
        creation = self._store.get(directory["accountCreationPolicy"]["href"])
        return Policies(
            strength=self._strength(self._store.get(password["strength"]["href"])),
            resets=password["resetEmailStatus"] == ENABLED,
            reset_hours=password["resetTokenTtl"],
            verifies=creation["verificationEmailStatus"] == ENABLED,
        )

    def _strength(self, strength: Mapping[str, Any]) -> Mapping[str, Any]:
        """*strength* with the rule of passphrases, where it is as it was made."""
        is_set = strength["createdAt"] != strength["modifiedAt"]
        return strength if is_set or not self._passphrase else {**strength, PASSPHRASE: self._passphrase}

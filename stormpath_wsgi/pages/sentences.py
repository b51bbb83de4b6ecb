"""What people are told when a directory refuses: one table from its codes, and the fields of our forms, to sentences.

The sentences of the REST API are for those who write programs; none of them is shown. A code that is not here gets
:data:`GENERAL`, and the log has the rest.
"""

from __future__ import annotations

from collections.abc import Mapping

from stormpath_wsgi.codes import Code
from stormpath_wsgi.texts import marked

#: For a form token that is missing, or older than the browser's cookie.
EXPIRED = marked("This form has expired. Please send it again.")
#: For a password that is to be typed twice.
PASSWORDS_DIFFER = marked("Passwords do not match.")

GENERAL = marked("That did not work. Please try again later, or tell whoever runs this site.")


#: For whatever keeps somebody out: whether an account exists, or is disabled, is not a stranger's business.
INVALID_LOGIN = marked("Invalid username or password.")

#: Stands in for the label of a field where the directory names none.
A_VALUE = marked("One of the values")

_NOT_VALID = marked("%(label)s is not valid.")
_UNUSABLE_CHARACTERS = marked("%(label)s holds characters that cannot be used here.")
_NOT_FOUND = marked("%(label)s could not be found.")
_UNSTORABLE = marked("One of the values cannot be stored. Please write it in another way.")
_NOT_CONFIRMED = marked("Your device did not confirm. Try again, or use another way.")
_FOREIGN_DOMAIN = marked("No account can be made with an email address of this domain.")

#: By code, or by code and field where a field has a sentence of its own. ``%(label)s`` is the field's label.
SENTENCES: Mapping[Code | tuple[Code, str], str] = {
    Code.REQUIRED: marked("%(label)s is required."),
    Code.NOT_UNIQUE: marked("%(label)s is taken already. Please choose another one."),
    (Code.NOT_UNIQUE, "email"): marked("There is an account with this email address already."),
    Code.INVALID: _NOT_VALID,
    Code.NOT_A_CHOICE: _NOT_VALID,
    Code.WRONG_TYPE: _NOT_VALID,
    Code.NOT_STORABLE: _UNUSABLE_CHARACTERS,
    Code.WRONG_FORMAT: _UNUSABLE_CHARACTERS,
    (Code.WRONG_FORMAT, "email"): marked("Please give an email address such as ada@example.org."),
    Code.TOO_SHORT: marked("%(label)s is too short."),
    (Code.TOO_SHORT, "password"): marked("The password is too short, or lacks a kind of character that it must hold."),
    Code.PASSWORD_KNOWN: marked("This password is on lists of stolen passwords. Choose another."),
    Code.PASSWORD_OF_OWN_WORDS: marked(
        "Choose another one: it is mostly your name, your address or a name of this site."
    ),
    # Of a password the directory says so only where it was used before.
    (Code.INVALID, "password"): marked("Choose another one: you have used this password before."),
    Code.TOO_LONG: marked("%(label)s is too long."),
    Code.TOO_LOW: marked("%(label)s is too low."),
    Code.TOO_HIGH: marked("%(label)s is too high."),
    Code.NOT_LINKABLE: _NOT_VALID,
    Code.UNKNOWN_RESOURCE: _NOT_FOUND,
    Code.REFERENCE_NOT_FOUND: _NOT_FOUND,
    Code.DATA_KEY_BLANK: _UNSTORABLE,
    Code.DATA_KEY_TOO_LONG: _UNSTORABLE,
    Code.DATA_KEY_CHARACTERS: _UNSTORABLE,
    Code.DATA_KEY_RESERVED: _UNSTORABLE,
    Code.DATA_TOO_LARGE: marked("That is more than can be stored. Please shorten it."),
    Code.ORGANIZATION_WITHOUT_STORES: INVALID_LOGIN,
    Code.APPLICATION_WITHOUT_STORES: INVALID_LOGIN,
    Code.STORE_NOT_MAPPED: INVALID_LOGIN,
    Code.WRONG_PASSWORD: INVALID_LOGIN,
    Code.ACCOUNT_DISABLED: INVALID_LOGIN,
    Code.ACCOUNT_NOT_VERIFIED: INVALID_LOGIN,
    Code.ACCOUNT_LOCKED: INVALID_LOGIN,
    Code.NO_SUCH_ACCOUNT: INVALID_LOGIN,
    Code.GROUP_DISABLED: INVALID_LOGIN,
    Code.DIRECTORY_DISABLED: INVALID_LOGIN,
    Code.ORGANIZATION_DISABLED: INVALID_LOGIN,
    Code.EMAIL_DOMAIN_NOT_ALLOWED: _FOREIGN_DOMAIN,
    Code.EMAIL_DOMAIN_FORBIDDEN: _FOREIGN_DOMAIN,
    Code.TOO_MANY_TRIES: marked("Too many tries. Please wait a moment and try again."),
    Code.MAILED_CODE_WRONG: marked("That code is not right. Check the mail again."),
    Code.MAILED_CODE_DEAD: marked("That code is too old. Send a new one."),
    Code.FACTOR_CODE_WRONG: marked("That code is not right. Check it, and enter it again."),
    Code.CHALLENGE_CLOSED: marked("That code is too old. Send a new one."),
    Code.CHALLENGE_EXPIRED: marked("That code is too old. Send a new one."),
    Code.CHALLENGE_TOO_MANY_TRIES: marked("That code is too old. Send a new one."),
    Code.PHONE_NUMBER_INVALID: marked("Enter a number with its country code, like +49 30 901820."),
    Code.PHONE_NUMBER_TAKEN: marked("You have this number already."),
    Code.PHONE_OF_OTHER_FACTOR: marked("You have this number already."),
    Code.PASSKEY_REFUSED: _NOT_CONFIRMED,
    Code.PASSKEY_UNKNOWN: _NOT_CONFIRMED,
    Code.PASSKEY_COUNT: _NOT_CONFIRMED,
    Code.LAST_WAY_IN: marked("This is your only way to sign in. Set a password or add another passkey first."),
    Code.UNAVAILABLE: marked("The service is temporarily unavailable. Please try again shortly."),
}

REQUIRED = SENTENCES[Code.REQUIRED]
#: What a page says of a choice that was not made, and of a box that has to be ticked.
CHOOSE, TICK = marked("Choose %(label)s."), marked("Tick this to go on.")
#: What is told of a password against whose rules something is wrong.
WEAK = SENTENCES[Code.TOO_SHORT, "password"]

#: What a page says instead of a sentence that programs are told, for which the framework specification has words: by
#: that sentence, or by it and the field. ``%(most)s``: how many characters fit.
ON_PAGES: Mapping[str | tuple[str, str], str] = {
    REQUIRED: marked("Fill this in: %(label)s."),
    (REQUIRED, "login"): marked("Enter your email."),
    (REQUIRED, "email"): marked("Enter your email."),
    (REQUIRED, "username"): marked("Enter your username."),
    (REQUIRED, "password"): marked("Enter your password."),
    (REQUIRED, "code"): marked("Enter the code."),
    (REQUIRED, "confirmPassword"): marked("Enter the password once more."),
    (REQUIRED, "givenName"): marked("Enter your first name."),
    (REQUIRED, "middleName"): marked("Enter your middle name."),
    (REQUIRED, "surname"): marked("Enter your last name."),
    (REQUIRED, "organizationNameKey"): marked("Enter your organization."),
    SENTENCES[Code.NOT_UNIQUE]: marked("Choose another one: %(label)s is taken."),
    SENTENCES[Code.NOT_UNIQUE, "email"]: marked("This address has an account."),
    SENTENCES[Code.WRONG_FORMAT, "email"]: marked("Enter an address like jo@example.com."),
    WEAK: marked("Choose another one: it is too short, or lacks a kind of character."),
    SENTENCES[Code.TOO_LONG]: marked("Use %(most)s characters at most."),
    GENERAL: marked("That did not work. Try again later, or tell whoever runs this site."),
    _UNSTORABLE: marked("Write it in another way: one of the values cannot be stored."),
    SENTENCES[Code.DATA_TOO_LARGE]: marked("Shorten it: that is more than can be stored."),
    _FOREIGN_DOMAIN: marked("Use another address: this site takes none of that domain."),
    PASSWORDS_DIFFER: marked("The two passwords differ."),
    INVALID_LOGIN: marked("That email and password do not match. Check both."),
    EXPIRED: marked("Nothing is lost: send it once more."),
    (EXPIRED, "password"): marked("Nothing is lost: enter your password again and send it once more."),
}

#: What a page calls a field that the framework specification has another label for.
LABELS: Mapping[str, str] = {
    "Username or Email": marked("Email or username"),
    "First Name": marked("First name"),
    "Middle Name": marked("Middle name"),
    "Last Name": marked("Last name"),
    "Confirm Password": marked("Password once more"),
}


def on_page(message: str, field: str | None) -> str:
    """What a page says instead of the *message* for programs, at that *field*."""
    return ON_PAGES.get((message, field or "")) or ON_PAGES.get(message, message)


def sentence(number: int, field: str | None = None) -> str | None:
    """What people are told of the code with that *number*, about that *field*; None for a code that has no sentence."""
    code = Code.of(number)
    if code is None:
        return None
    return SENTENCES.get((code, field or "")) or SENTENCES.get(code)

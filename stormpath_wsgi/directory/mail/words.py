"""The words of the mails that we send ourselves: those of a directory whose templates nobody has changed, and notices.

Each is a function from :class:`Facts` and the texts of a language to a :class:`.Content`. The sentences are keys of the
catalogues, like those of the pages. Nothing that a stranger may choose is quoted, but for a name that can be no
advertisement (:func:`greetable`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from stormpath_wsgi.devices import device_of, named
from stormpath_wsgi.directory.mail.content import Block, Content, Part, address, button, code, note, paragraph
from stormpath_wsgi.directory.mail.purposes import (
    DELETION_ASKED,
    EMAIL_CHANGE,
    EMAIL_CHANGED,
    EMAIL_TAKEN,
    FACTOR_CODE,
    INVITATION,
    KEY_MADE,
    KEY_REMOVED,
    MANY_FAILURES,
    NEW_BROWSER,
    PASSWORD_CHANGED,
    RECOVERY_CODE_USED,
    RECOVERY_CODES_MADE,
    RESET,
    RESET_SUCCESS,
    VERIFICATION,
    VERIFICATION_SUCCESS,
    WAY_ADDED,
    WAY_REMOVED,
    WELCOME,
)
from stormpath_wsgi.texts import Texts, marked

#: A name with which a mail may begin: one or two words of letters. Whoever makes an account with the address of
#: somebody else chooses it, so it has no room for an address, a number or a sentence.
_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|['’-]){0,19}(?: (?:[^\W\d_]|['’-]){1,19})?")

#: What is stored as the name of who gave none.
_NO_NAMES = frozenset({"unknown", "anonymous"})

_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000  # milliseconds
_LONGEST_NAME = 60  # characters of the name of an API key that are shown


@dataclass(frozen=True, slots=True)
class Facts:
    """What a mail is about.

    *site*: what the site is called. *given_name*: that of the account, as it was entered. *link*: where the button
    leads. *lasts*: the milliseconds for which that is good. *code*: the digits of a code, and *code_lasts* the same of
    it. *address*: the new address of an account. *name*: that of an API key, or what a
    browser calls itself. *left*: how many recovery codes the account still has.
    """

    site: str
    given_name: str = ""
    link: str | None = field(default=None, repr=False)
    lasts: int | None = None
    code: str | None = field(default=None, repr=False)
    code_lasts: int | None = None
    address: str = ""
    name: str = ""
    left: int = 0


def content(purpose: str, facts: Facts, texts: Texts) -> Content:
    """What the mail of *purpose* says in the language of *texts*."""
    return _CONTENTS[purpose](facts, texts)


def greetable(given_name: str) -> str:
    """*given_name* where a mail may begin with it, else an empty text."""
    name = given_name.strip()
    return name if _NAME.fullmatch(name) and name.lower() not in _NO_NAMES else ""


def span(milliseconds: int, texts: Texts) -> str:
    """A time such as "15 minutes", in the largest unit of which it is a whole number, but for days below two."""
    if milliseconds % _DAY == 0 and milliseconds >= 2 * _DAY:
        return texts.ngettext("%(number)s day", "%(number)s days", milliseconds // _DAY)
    if milliseconds % _HOUR == 0:
        return texts.ngettext("%(number)s hour", "%(number)s hours", milliseconds // _HOUR)
    return texts.ngettext("%(number)s minute", "%(number)s minutes", -(-milliseconds // _MINUTE))


def _reset(facts: Facts, texts: Texts) -> Content:
    if facts.code is None:
        begin = _press(
            facts,
            texts,
            marked(
                "%(hello)s somebody asked for a new password for your %(site)s account. If it was you, press the "
                "button:"
            ),
            marked(
                "%(hello)s somebody asked for a new password for your %(site)s account. If it was you, open this "
                "address:"
            ),
        )
    else:
        begin = _type(
            facts,
            texts,
            marked(
                "%(hello)s somebody asked for a new password for your %(site)s account. If it was you, type this code "
                "where you left off:"
            ),
        )
    return Content(
        texts.gettext("Choose a new password for %(site)s", site=facts.site),
        texts.gettext("Choose a new password"),
        (*begin, *_button(facts, texts, marked("Choose a new password"))),
        (texts.gettext("It was not you? Then ignore this mail. Your password stays as it is."),),
    )


def _verification(facts: Facts, texts: Texts) -> Content:
    if facts.code is None:
        begin = _press(
            facts,
            texts,
            marked("%(hello)s press the button to verify your address for %(site)s:"),
            marked("%(hello)s open this address to verify yours for %(site)s:"),
        )
    else:
        begin = _type(facts, texts, marked("%(hello)s type this code where you left off:"))
    return Content(
        texts.gettext("Verify your address for %(site)s", site=facts.site),
        texts.gettext("Verify your address"),
        (*begin, *_button(facts, texts, marked("Verify my address"))),
        (texts.gettext("You did not sign up? Then ignore this mail. Nothing happens without you."),),
    )


def _reset_success(facts: Facts, texts: Texts) -> Content:
    return Content(
        texts.gettext("Your password for %(site)s was changed", site=facts.site),
        texts.gettext("Your password was changed"),
        (
            _say(
                facts,
                texts,
                marked("%(hello)s your %(site)s account has a new password. You were signed out everywhere."),
            ),
            *_not_me(facts, texts),
        ),
        (_nothing_to_do(texts),),
    )


def _verification_success(facts: Facts, texts: Texts) -> Content:
    return Content(
        texts.gettext("Your address for %(site)s is verified", site=facts.site),
        texts.gettext("Your address is verified"),
        (_say(facts, texts, marked("%(hello)s your address is verified. You can now sign in.")),),
    )


def _welcome(facts: Facts, texts: Texts) -> Content:
    title = texts.gettext("Welcome to %(site)s", site=facts.site)
    return Content(title, title, (_say(facts, texts, marked("%(hello)s your %(site)s account is ready.")),))


def _email_change(facts: Facts, texts: Texts) -> Content:
    begin = _press(
        facts,
        texts,
        marked("%(hello)s press the button to use this address for your %(site)s account:"),
        marked("%(hello)s to use this mail address for your %(site)s account, open this page:"),
    )
    return Content(
        texts.gettext("Verify your new address for %(site)s", site=facts.site),
        texts.gettext("Verify your new address"),
        (*begin, *_button(facts, texts, marked("Verify my address"))),
        (texts.gettext("It was not you? Then ignore this mail. Nothing happens without you."),),
    )


def _email_changed(facts: Facts, texts: Texts) -> Content:
    said = marked("%(hello)s your %(site)s account has another address now: %(address)s. Mail about it goes there.")
    no_way_back = marked("It was not you? Then ask whoever runs %(site)s at once.")
    return Content(
        texts.gettext("Your address for %(site)s was changed", site=facts.site),
        texts.gettext("Your address was changed"),
        (
            _say(facts, texts, said, address=facts.address),
            *_otherwise(facts, texts, marked("It was not you? Then take your account back:"), marked("Change it back")),
        ),
        (*([] if facts.link else [texts.gettext(no_way_back, site=facts.site)]), _nothing_to_do(texts)),
    )


def _email_taken(facts: Facts, texts: Texts) -> Content:
    said = marked(
        "%(hello)s somebody wanted to use this address for another %(site)s account. It is the address of yours, so "
        "nothing has changed."
    )
    return Content(
        texts.gettext("Your address for %(site)s is in use", site=facts.site),
        texts.gettext("Your address is in use"),
        (
            _say(facts, texts, said),
            *_otherwise(facts, texts, marked("Was it you? Then this is your account:"), marked("Sign in")),
        ),
        (texts.gettext("It was not you? Then ignore this mail."),),
    )


def _password_changed(facts: Facts, texts: Texts) -> Content:
    return _warning(
        facts,
        texts,
        marked("Your password for %(site)s was changed"),
        marked("Your password was changed"),
        marked("%(hello)s your %(site)s account has a new password. You were signed out everywhere else."),
        looks=False,
    )


def _key_made(facts: Facts, texts: Texts) -> Content:
    if facts.name:
        said = marked("%(hello)s your %(site)s account has a new API key, “%(key)s”. Programs act as you with it.")
    else:
        said = marked("%(hello)s your %(site)s account has a new API key. Programs act as you with it.")
    subject, heading = marked("A new API key for %(site)s"), marked("You have a new API key")
    return _warning(facts, texts, subject, heading, said, key=facts.name[:_LONGEST_NAME])


def _key_removed(facts: Facts, texts: Texts) -> Content:
    if facts.name:
        said = marked("%(hello)s an API key of your %(site)s account, “%(key)s”, no longer works.")
    else:
        said = marked("%(hello)s an API key of your %(site)s account no longer works.")
    subject, heading = marked("An API key for %(site)s is gone"), marked("An API key is gone")
    return _warning(facts, texts, subject, heading, said, key=facts.name[:_LONGEST_NAME])


def _new_browser(facts: Facts, texts: Texts) -> Content:
    return _warning(
        facts,
        texts,
        marked("A new sign-in to %(site)s"),
        marked("A new sign-in"),
        marked("%(hello)s somebody signed in to your %(site)s account in a browser that is new to it: %(browser)s."),
        looks=False,
        browser=named(device_of(facts.name), texts),
    )


def _many_failures(facts: Facts, texts: Texts) -> Content:
    said = marked(
        "%(hello)s somebody tried many wrong passwords or codes for your %(site)s account, and was stopped. Nobody has "
        "got in by that."
    )
    return Content(
        texts.gettext("Many wrong tries at your %(site)s account", site=facts.site),
        texts.gettext("Many wrong tries"),
        (_say(facts, texts, said), *_not_me(facts, texts)),
        (texts.gettext("Is your password a good one, and used nowhere else? Then there is nothing to do."),),
    )


def _way_added(facts: Facts, texts: Texts) -> Content:
    return _warning(
        facts,
        texts,
        marked("A new way to prove that it is you at %(site)s"),
        marked("A new passkey or second step"),
        marked("%(hello)s your %(site)s account has a new passkey, or a new second step when you sign in."),
    )


def _way_removed(facts: Facts, texts: Texts) -> Content:
    return _warning(
        facts,
        texts,
        marked("A way to prove that it is you at %(site)s is gone"),
        marked("A passkey or second step is gone"),
        marked("%(hello)s a passkey, or a second step of the sign-in, was removed from your %(site)s account."),
    )


def _recovery_codes_made(facts: Facts, texts: Texts) -> Content:
    return _warning(
        facts,
        texts,
        marked("New recovery codes for %(site)s"),
        marked("You have new recovery codes"),
        marked("%(hello)s your %(site)s account has new recovery codes. Those of before no longer work."),
    )


def _recovery_code_used(facts: Facts, texts: Texts) -> Content:
    left = texts.ngettext("%(number)s code is left.", "%(number)s codes are left.", facts.left)
    return _warning(
        facts,
        texts,
        marked("A recovery code for %(site)s was used"),
        marked("A recovery code was used"),
        marked("%(hello)s somebody signed in to your %(site)s account with one of its recovery codes."),
        paragraph(left),
        looks=False,
    )


def _warning(
    facts: Facts, texts: Texts, subject: str, heading: str, said: str, *more: Block, looks: bool = True, **values: str
) -> Content:
    """What a stranger may have done, with the button for who has not done it himself. *looks*: whether the page of the
    account shows what was done. *more*: what stands before the button. *values*: what else *said* has in it.
    """
    look = marked("It was not you? Then look at the page of your account, too: is all that stands there yours?")
    return Content(
        texts.gettext(subject, site=facts.site),
        texts.gettext(heading),
        (_say(facts, texts, said, "both", **values), *more, *_not_me(facts, texts)),
        (*([texts.gettext(look)] if looks else []), _nothing_to_do(texts)),
    )


def _deletion_asked(facts: Facts, texts: Texts) -> Content:
    said = marked("%(hello)s your %(site)s account will be deleted in %(time)s. After that nobody can bring it back.")
    return Content(
        texts.gettext("Your account at %(site)s will be deleted", site=facts.site),
        texts.gettext("Your account will be deleted"),
        (
            _say(facts, texts, said, time=span(facts.lasts or 0, texts)),
            *_otherwise(
                replace(facts, lasts=None),
                texts,
                marked("You can change your mind until then:"),
                marked("Keep my account"),
            ),
        ),
        (texts.gettext("It was not you? Then sign in, and change your password."),),
    )


def _invitation(facts: Facts, texts: Texts) -> Content:
    title = texts.gettext("You are invited to %(site)s", site=facts.site)
    begin = _press(
        facts,
        texts,
        marked("%(hello)s you are invited to %(site)s. Press the button to make your account:"),
        marked("%(hello)s you are invited to %(site)s. To make your account, open this address:"),
    )
    unknown = marked("You do not know %(site)s? Then ignore this mail. Nothing happens without you.")
    return Content(
        title,
        title,
        (*begin, *_button(facts, texts, marked("Make my account"))),
        (texts.gettext(unknown, site=facts.site),),
    )


def _say(facts: Facts, texts: Texts, sentence: str, part: Part = "both", **values: str) -> Block:
    """The paragraph *sentence*, with the greeting, the name of the site and *values* in it."""
    name = greetable(facts.given_name)
    hello = texts.gettext("Hello %(name)s,", name=name) if name else texts.gettext("Hello,")
    return paragraph(texts.gettext(sentence, hello=hello, site=facts.site, **values), part)


def _press(facts: Facts, texts: Texts, pressed: str, opened: str) -> tuple[Block, ...]:
    """What comes before a button, and what comes before the address in the part that has no buttons."""
    return _say(facts, texts, pressed, "html"), _say(facts, texts, opened, "text")


def _type(facts: Facts, texts: Texts, sentence: str) -> tuple[Block, ...]:
    """A code to type, before the button."""
    return (
        _say(facts, texts, sentence),
        code(facts.code or ""),
        paragraph(texts.gettext("Or press the button:"), "html"),
        paragraph(texts.gettext("Or open this address:"), "text"),
    )


def _otherwise(facts: Facts, texts: Texts, sentence: str, label: str) -> tuple[Block, ...]:
    """What to do about it who does not want it; nothing where no link is given."""
    return (paragraph(texts.gettext(sentence)), *_button(facts, texts, label)) if facts.link else ()


def _not_me(facts: Facts, texts: Texts) -> tuple[Block, ...]:
    """The button for who has not done what is told."""
    sentence = marked("It was not you? Then sign out everywhere, and choose a new password:")
    return _otherwise(facts, texts, sentence, marked("This was not me"))


def _button(facts: Facts, texts: Texts, label: str) -> tuple[Block, ...]:
    """The button, how long it is good, and its address for who cannot press it, where there is no code to type."""
    if facts.link is None:
        return ()
    pressed = button(texts.gettext(label), facts.link)
    time = None if facts.lasts is None else span(facts.lasts, texts)
    if facts.code is not None and facts.code_lasts is not None and time is not None:
        both = {"code": span(facts.code_lasts, texts), "time": time}
        return (
            pressed,
            note(texts.gettext("The code works for %(code)s, the address for %(time)s.", **both), "text"),
            note(texts.gettext("The code works for %(code)s, the button for %(time)s.", **both), "html"),
        )
    once = () if time is None else (note(texts.gettext("It works once, for %(time)s.", time=time)),)
    written = note(texts.gettext("If the button does not work, open this address:"), "html")
    return (pressed, *once, written, address(facts.link))


def _factor_code(facts: Facts, texts: Texts) -> Content:
    said = marked("%(hello)s somebody has your password for %(site)s and signs in. Is it you? Then type this code:")
    lasts = facts.code_lasts
    time = () if lasts is None else (note(texts.gettext("It works once, for %(time)s.", time=span(lasts, texts))),)
    return Content(
        texts.gettext("Your code for %(site)s", site=facts.site),
        texts.gettext("Your code"),
        (_say(facts, texts, said), code(facts.code or ""), *time),
        (texts.gettext("It was not you? Then change your password at once."),),
    )


def _nothing_to_do(texts: Texts) -> str:
    return texts.gettext("It was you? Then there is nothing to do.")


_CONTENTS: Mapping[str, Callable[[Facts, Texts], Content]] = {
    RESET: _reset,
    RESET_SUCCESS: _reset_success,
    VERIFICATION: _verification,
    VERIFICATION_SUCCESS: _verification_success,
    WELCOME: _welcome,
    EMAIL_CHANGE: _email_change,
    EMAIL_CHANGED: _email_changed,
    EMAIL_TAKEN: _email_taken,
    PASSWORD_CHANGED: _password_changed,
    KEY_MADE: _key_made,
    KEY_REMOVED: _key_removed,
    NEW_BROWSER: _new_browser,
    MANY_FAILURES: _many_failures,
    WAY_ADDED: _way_added,
    WAY_REMOVED: _way_removed,
    RECOVERY_CODES_MADE: _recovery_codes_made,
    RECOVERY_CODE_USED: _recovery_code_used,
    DELETION_ASKED: _deletion_asked,
    INVITATION: _invitation,
    FACTOR_CODE: _factor_code,
}

"""What a mail is for. The outbox keeps it with each mail."""

from __future__ import annotations

from collections.abc import Mapping

from stormpath_wsgi.settings.mail import NoticeSettings

#: The mails for which a directory has templates. Two of them have a link with a token.
RESET, RESET_SUCCESS = "reset", "resetSuccess"
VERIFICATION, VERIFICATION_SUCCESS, WELCOME = "verification", "verificationSuccess", "welcome"

#: Notices: what somebody has to know of his account. They have no templates, and no policy leaves them out.
EMAIL_CHANGE, EMAIL_CHANGED, EMAIL_TAKEN = "emailChange", "emailChanged", "emailTaken"
PASSWORD_CHANGED, KEY_MADE, DELETION_ASKED, INVITATION = "passwordChanged", "keyMade", "deletionAsked", "invitation"
NEW_BROWSER, MANY_FAILURES = "newBrowser", "manyFailures"
WAY_ADDED, WAY_REMOVED = "wayAdded", "wayRemoved"
KEY_REMOVED = "keyRemoved"
RECOVERY_CODES_MADE, RECOVERY_CODE_USED = "recoveryCodesMade", "recoveryCodeUsed"
#: A code that is a second factor.
FACTOR_CODE = "factorCode"

#: What a stranger may have done. Each has a button for who has not done it himself.
WARNINGS = frozenset(
    {NEW_BROWSER, MANY_FAILURES, PASSWORD_CHANGED, KEY_MADE, KEY_REMOVED}
    | {WAY_ADDED, WAY_REMOVED, RECOVERY_CODES_MADE, RECOVERY_CODE_USED}
)

NOTICES = WARNINGS | {EMAIL_CHANGE, EMAIL_CHANGED, EMAIL_TAKEN, DELETION_ASKED, INVITATION, FACTOR_CODE}

#: The notices that a setting can switch off, by its name.
_SETTINGS: Mapping[str, frozenset[str]] = {
    "new_browser": frozenset({NEW_BROWSER}),
    "password": frozenset({PASSWORD_CHANGED}),
    "email": frozenset({EMAIL_CHANGED}),
    "factor": frozenset({WAY_ADDED, WAY_REMOVED, RECOVERY_CODES_MADE}),
    "recovery_code": frozenset({RECOVERY_CODE_USED}),
    "api_key": frozenset({KEY_MADE, KEY_REMOVED}),
    "failures": frozenset({MANY_FAILURES}),
}


def silent(settings: NoticeSettings) -> frozenset[str]:
    """The notices that *settings* switch off."""
    return frozenset().union(*(notices for name, notices in _SETTINGS.items() if not getattr(settings, name)))

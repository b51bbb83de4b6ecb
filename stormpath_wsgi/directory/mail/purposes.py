"""What a mail is for. The outbox keeps it with each mail."""

from __future__ import annotations

#: The mails for which a directory has templates. Two of them have a link with a token.
RESET, RESET_SUCCESS = "reset", "resetSuccess"
VERIFICATION, VERIFICATION_SUCCESS, WELCOME = "verification", "verificationSuccess", "welcome"

#: Notices: what somebody has to know of his account. They have no templates, and no policy leaves them out.
EMAIL_CHANGE, EMAIL_CHANGED, EMAIL_TAKEN = "emailChange", "emailChanged", "emailTaken"
PASSWORD_CHANGED, KEY_MADE, DELETION_ASKED, INVITATION = "passwordChanged", "keyMade", "deletionAsked", "invitation"

NOTICES = frozenset({EMAIL_CHANGE, EMAIL_CHANGED, EMAIL_TAKEN, PASSWORD_CHANGED, KEY_MADE, DELETION_ASKED, INVITATION})

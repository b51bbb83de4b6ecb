"""Which row of the user model belongs to which account."""

from __future__ import annotations

from django.conf import settings
from django.db import models

#: Characters of an href: those of a base address, which may be long, and those of the path below it.
LONGEST = 500


class Account(models.Model):
    """The account at *href* is *user* in this project. ``user.stormpath_account`` leads here.

    The href is one person's for ever. A username and an e-mail address can be changed, and taken by somebody else.
    """

    href = models.CharField(max_length=LONGEST, unique=True)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="stormpath_account")
    #: When the newest session began that has been seen here.
    signed_in_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return str(self.href)

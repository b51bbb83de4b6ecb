"""Which passwords are too easy to guess: those on lists of stolen ones, and those made of what everybody knows.

Nothing here asks a network, and nothing is read before the first password is looked at.
"""

from __future__ import annotations

from stormpath_wsgi.passwords.check import PasswordCheck
from stormpath_wsgi.passwords.lists import COMMON, ListError, PasswordList

__all__ = ["COMMON", "ListError", "PasswordCheck", "PasswordList"]

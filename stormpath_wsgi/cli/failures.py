"""How a command ends that cannot do what it should: with one sentence and an exit code.

Exit codes: 0 done, 1 refused (not found, taken, too weak …), 2 the command line or a setting is wrong, 3 the directory
cannot be reached or is not there.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import click

from stormpath_wsgi.errors import ConfigurationError, Error, Unavailable

#: Who may use the files of a directory.
WHO = "run the command as the user whose it is, as the site does."


class Failure(click.ClickException):
    """Ends the command with a sentence on stderr, and the exit code 1."""


class Misuse(Failure):
    """The command line or a setting is wrong. The exit code is 2."""

    exit_code = 2


class NoDirectory(Failure):
    """The directory does not exist, or cannot be reached. The exit code is 3."""

    exit_code = 3


@contextmanager
def known_failures() -> Iterator[None]:
    """Turns errors that are expected into a :class:`Failure` with one sentence."""
    try:
        yield
    except Unavailable as error:
        raise NoDirectory(error.developer_message) from error
    except Error as error:
        raise Failure(error.developer_message) from error
    except ConfigurationError as error:
        raise Misuse(str(error)) from error
    except PermissionError as error:
        raise Failure(f"This user may not use {error.filename or 'a file'}; {WHO}") from error
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise  # the reader of our output has closed it: click handles that
        raise Failure(": ".join(filter(None, (error.filename, error.strerror or str(error)))) + ".") from error

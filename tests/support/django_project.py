"""The Django example, set up once in a process, with its tables in memory. Django knows one project in a process."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

EXAMPLE = Path(__file__).parents[2] / "examples" / "django_site"


@cache
def set_up() -> None:
    """Have the settings of the example, and its tables made by the migrations."""
    sys.path.append(str(EXAMPLE))
    os.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings"
    # A browser of Playwright has an event loop in this thread, which a test does not see, but whoever comes before it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    settings.DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    settings.ALLOWED_HOSTS = ["localhost", "testserver"]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    django.setup()
    call_command("migrate", verbosity=0, skip_checks=True)
    # Django itself never closes a database in memory.
    atexit.register(connection.connection.close)


@contextmanager
def rolled_back() -> Iterator[None]:
    """What is written into Django's tables meanwhile is gone afterwards."""
    set_up()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)

"""People who have second factors, for the tests of sites."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import pyotp
from webtest import TestResponse  # type: ignore[import-untyped]

from stormpath_wsgi.client import Account
from support.browsing import PASSWORD, Visit


class Phone:
    """An authenticator app for a new factor of *account*, which counts already."""

    def __init__(self, account: Account) -> None:
        self.factor = account.factors.create({"type": "google-authenticator"})
        self._totp, self._steps = pyotp.TOTP(self.factor.secret), 0
        # A code of the half minute before. It may have become too old just now: then there is another one.
        codes = (self._totp.at(int(time.time()) - 30) for _ in range(2))
        assert any(self.factor.challenges.create({"code": code}).is_successful() for code in codes)

    def code(self) -> str:
        """Another code than before that is good now: that of this half minute, and then that of the next."""
        self._steps += 1
        return self.at(self._steps - 1)

    def at(self, steps: int) -> str:
        """The code of so many half minutes from now."""
        return str(self._totp.at(int(time.time()) + 30 * steps))

    @property
    def wrong_code(self) -> str:
        near = {self.at(steps) for steps in range(-3, 4)}
        return next(code for code in (f"{digit}" * 6 for digit in range(10)) if code not in near)


def asked(visit: Visit, email: str = "ada@example.org", at: str = "/login") -> TestResponse:
    """The page that asks for the second factor, after the right password."""
    answer = visit.fill_in(at, login=email, password=PASSWORD)
    assert answer.status_int == 302
    assert urlsplit(answer.headers["Location"]).path == "/factor", answer.headers["Location"]
    return answer.follow()


def pending(visit: Visit, email: str = "ada@example.org") -> str:
    """The text of a pending sign-in that a program has begun."""
    return str(parse_qs(urlsplit(asked(visit, email).request.url).query)["pending"][0])


def codes_of(account: Account) -> list[str]:
    """New recovery codes of *account*."""
    return account.second_factor().make_recovery_codes()

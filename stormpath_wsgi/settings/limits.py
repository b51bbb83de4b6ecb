"""How often something may be tried, before who tries has to wait."""

from __future__ import annotations

import datetime as dt
import logging

from pydantic import Field

from stormpath_wsgi.limits.limit import Limit
from stormpath_wsgi.limits.limits import FACTOR
from stormpath_wsgi.settings.section import Section
from stormpath_wsgi.settings.types import Duration, LimitText, RedisUrl

log = logging.getLogger(__name__)


class LimitsSettings(Section):
    """How often may be tried what can be guessed, or what sends mail. Who tries more often waits, longer each time."""

    enabled: bool = Field(
        True,
        description="Whether tries are counted. Off: only wrong codes of second factors are, since six digits are "
        "guessed soon.",
    )
    url: RedisUrl | None = Field(
        None,
        description="A Redis or Valkey server, not a cluster, that counts for all machines: "
        "redis://:PASSWORD@HOST:6379/0, rediss://… with TLS, or unix:///PATH. It needs the extra redis. Not set: the "
        "directory counts.",
    )
    account_and_address: LimitText = Field(
        Limit.parse("5 tries, waits 1s to 5m, one back after 5m"),
        description="Sign-ins from one address to one account, or to one name that no account has.",
    )
    account: LimitText = Field(
        Limit.parse("20 tries, waits 1s to 1m, one back after 1m"),
        description="Sign-ins to one account from all addresses, but for browsers that know it. Keep the longest wait "
        "short: while somebody guesses from many addresses, its owner waits so long in a new browser.",
    )
    waited: LimitText = Field(
        Limit.parse("50000 tries, waits 1s to 1m, one back after 1s"),
        description="Turns: tries of those who had to wait because of account, and come back within five minutes of "
        "their time, by a signed cookie.",
    )
    waited_and_address: LimitText = Field(
        Limit.parse("2 tries, waits 10m to 1d, one back after 1d"),
        description="Turns from one address: some at once, then one after 10, 20, 40 … minutes.",
    )
    known_browser: LimitText = Field(
        Limit.parse("10 tries, waits 1s to 5m, one back after 5m"),
        description="Sign-ins to one account from one browser in which it has signed in before. Nothing else holds "
        "these up, whatever others try.",
    )
    known_browsers: LimitText = Field(
        Limit.parse("60 tries, waits 1s to 1m, one back after 1m"),
        description="Sign-ins to one account from all browsers in which it has signed in before, together: for who "
        "once had its password may have many.",
    )
    known_browser_lasts: Duration = Field(
        dt.timedelta(days=180),
        description="How long a browser is known after the last sign-in in it, by a cookie of its own.",
    )
    address: LimitText = Field(
        Limit.parse("50 tries, waits 1s to 5m, one back after 30s"),
        description="Wrong sign-ins from one address to all accounts. An office behind one address shares them.",
    )
    registration: LimitText = Field(
        Limit.parse("20 tries, waits 1s to 5m, one back after 1m"),
        description="Registrations from one address, whether they succeed or not.",
    )
    mail: LimitText = Field(
        Limit.parse("5 tries, waits 1m to 1h, one back after 10m"),
        description="Mails that strangers can have sent to one account: with a link for a new password, or to verify "
        "its address.",
    )
    mail_and_address: LimitText = Field(
        Limit.parse("20 tries, waits 1s to 5m, one back after 1m"),
        description="The same mails to all accounts, asked for from one address.",
    )
    api_key: LimitText = Field(
        Limit.parse("20 tries, waits 1s to 5m, one back after 30s"),
        description="Wrong API keys from one address. A right one is never held up.",
    )
    factor: LimitText = Field(
        Limit.parse("4 tries, waits 30s to 1h, one back after 1h"),
        description="Wrong codes for one second factor, whoever sends them. During a wait no code is sent either.",
    )

    def tell_if_off(self) -> None:
        """Log that tries are not counted, if they are not. For the start of whatever serves."""
        if not self.enabled:
            log.warning(
                "limits.enabled is false: nothing here holds up who guesses passwords. Only wrong codes of second "
                "factors are counted."
            )

    def in_force(self) -> dict[str, Limit]:
        """The limits that hold, by their names as they are spelt in a file."""
        named = {field.alias or name: getattr(self, name) for name, field in type(self).model_fields.items()}
        limits = {name: value for name, value in named.items() if isinstance(value, Limit)}
        return limits if self.enabled else {FACTOR: limits[FACTOR]}

"""A telephone to test with: what is sent to it can be read."""

from __future__ import annotations

import re

import pyotp

from support.world import World, path

NUMBER = "+12015550123"


class Handset:
    """All messages of a *world* come here. While it is *out_of_reach* none does."""

    def __init__(self, world: World) -> None:
        self.world, self.messages, self.out_of_reach = world, list[tuple[str, str]](), False
        world.send_sms = self._receive

    @property
    def code(self) -> str:
        """The last that came."""
        (code,) = re.findall("[0-9]{6}", self.messages[-1][1])
        return str(code)

    @property
    def wrong_code(self) -> str:
        return f"{(int(self.code) + 1) % 10**6:06}"

    def factor(self, account: str, number: str = NUMBER) -> str:
        """The path of a new factor on this telephone."""
        return path(self.world.service.create(f"{account}/factors", {"type": "SMS", "phone": {"number": number}}))

    def challenge(self, factor: str, **properties: str | None) -> str:
        """The path of a new challenge of the factor."""
        return path(self.world.service.create(f"{factor}/challenges", properties))

    def answer(self, challenge: str, code: str | None = None) -> str:
        """The status after an answer; without a *code* of their own, with the one that came."""
        return str(self.world.update(challenge, code=code or self.code)["status"])

    def _receive(self, number: str, text: str) -> None:
        if self.out_of_reach:
            raise ConnectionError(f"no signal at {number}: {text}")
        self.messages.append((number, text))


class Authenticator:
    """An app that knows the secret of a new *factor* of an account."""

    def __init__(self, world: World, account: str) -> None:
        made = world.service.create(f"{account}/factors", {"type": "google-authenticator"})
        self.world, self.factor, self._totp = world, path(made), pyotp.TOTP(made["secret"])

    def code(self, steps: int = 0) -> str:
        """What it shows; or so many *steps* of half a minute from now."""
        return self._totp.at(int(self.world.now) + 30 * steps)

    @property
    def wrong_code(self) -> str:
        near = {self.code(steps) for steps in (-1, 0, 1)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in near)

    def prove(self, code: str) -> str:
        """The status of a challenge that is made with *code*."""
        return str(self.world.service.create(f"{self.factor}/challenges", {"code": code})["status"])

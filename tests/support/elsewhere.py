"""People who have an account elsewhere: a real OpenID provider on this machine, and what they do with it."""

from __future__ import annotations

from typing import Any

from stormpath_wsgi.events import AfterEvent, ConfigurationChanged
from stormpath_wsgi.testing import OpenIDProvider
from support.world import Wire, World, path

CALLBACK = "https://shop.example.org/callbacks/test"


class Elsewhere:
    """The *provider*, as the application of *world* knows it. *directory*: the path of its directory. *told*: what has
    happened.
    """

    def __init__(self, world: World, provider: OpenIDProvider) -> None:
        self.world, self.provider = world, provider
        self.directory = world.new_directory("Elsewhere", provider=provider.provider)
        self.mapping = world.map(self.directory)
        self.told: list[AfterEvent] = []
        world.service.events.listen(AfterEvent, self.told.append)

    def person(self, name: str, **claims: Any) -> str:
        """Somebody new, of whom the provider tells these *claims*."""
        self.provider.people[name] = {"given_name": name.title(), "family_name": "Example", **claims}
        return name

    def arrive(self, user: str = "ada", /, at: str | None = None, **more: Any) -> Wire:
        """What the directory answers to who brings a token of *user*."""
        data = {"providerId": "test", "accessToken": self.provider.access_token(user)}
        return self.create({"providerData": data, **more}, at=at)

    def create(self, body: Wire, at: str | None = None, **params: str) -> Wire:
        return self.world.service.create(f"{at or self.world.application}/accounts", body, params)

    def account(self, user: str = "ada", /, at: str | None = None, **more: Any) -> str:
        """The path of the account that answers."""
        return path(self.arrive(user, at=at, **more))

    def names(self) -> list[str]:
        """The names of what has happened to accounts."""
        return [type(event).__name__ for event in self.told if not isinstance(event, ConfigurationChanged)]

    def policy(self, owner: str | None = None, **properties: Any) -> None:
        """Switches account linking on at the application or the organization *owner*."""
        found = self.world.service.get(owner or self.world.application)
        self.world.update(path(found["accountLinkingPolicy"]), status="ENABLED", **properties)

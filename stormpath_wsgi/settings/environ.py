"""What any app finds of who is signed in, in the WSGI environ."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from stormpath_wsgi.settings.section import Section
from stormpath_wsgi.settings.types import OneLine, Variable


class EnvironSettings(Section):
    """In which variables of the WSGI environ any app finds who is signed in; off: in none.

    Nobody else's word stands there: what visitors or servers in front have written is deleted, also for strangers.
    """

    user: Variable = Field("REMOTE_USER", description="The variable for the name that remoteUser chooses; off: none.")
    email: Variable = Field(
        None, description="One for the e-mail address, such as HTTP_X_FORWARDED_EMAIL. Only a verified one is told."
    )
    groups: Variable = Field(
        None,
        description="One for the names of the groups, such as HTTP_X_FORWARDED_GROUPS: the ENABLED ones among the "
        "account's first 100, as QUALIFIER:NAME outside of the home directory. One that holds the separator is left "
        "out.",
    )
    separator: Annotated[OneLine, Field(min_length=1, max_length=10)] = Field(
        ",", description="What stands between the names of groups."
    )

    @model_validator(mode="after")
    def _are_apart(self) -> Self:
        names = [name for name in (self.user, self.email, self.groups) if name is not None]
        if len(set(names)) < len(names):
            raise ValueError("user, email and groups need variables of their own")
        return self

"""Credentials in the Authorization header."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stormpath_wsgi.settings.section import Section


class BearerSettings(Section):
    """The access tokens of the application's token endpoint, in ``Authorization: Bearer``."""

    validation: Literal["full", "local"] = Field(
        "full",
        description="full: the directory is asked about each token, once as long as its answer holds, so a token that "
        "was revoked and one of a disabled account are refused. local: the signature, the application and the times "
        "are looked at and nothing else, so such a token passes until it expires; it has to be signed with the API key "
        "that we prove ourselves with, or that an embedded directory signs with.",
    )
    audience: bool = Field(
        False,
        description="Whether the access and refresh tokens that an embedded directory issues say for which application "
        "they are, by the claim aud: its href. A token that has the claim is good for that application only, wherever "
        "it was issued. Off, since some old clients refuse tokens with claims that they do not expect.",
    )


class BasicSettings(Section):
    """API keys and passwords of accounts in ``Authorization: Basic``, below paths with the challenge basic."""

    api_key: bool = Field(True, description="Whether the id of an API key is taken as user, its secret as password.")
    login_name: bool = Field(
        True,
        description="Whether the account's username or e-mail address is taken as user, with ID.SECRET of one of its "
        "API keys as password. For programs such as git, pip and CalDAV clients that want the name.",
    )
    password: bool = Field(
        False,
        description="Whether the account's username or e-mail address is taken as user, with its own password: for "
        "programs that cannot be given an API key. Over https only, and not of accounts that have, or are asked for, a "
        "second factor. The program keeps the password that opens everything else of the account as well.",
    )

"""The client, with the arguments of the SDK."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import stormpath_wsgi.client as ours
from stormpath_wsgi.client import Expansion

#: The environment variable that says where the directory is, for programs that pass no *base_url*.
ADDRESS = "STORMPATH_CLIENT_BASEURL"


class Client(ours.Client):
    """Opens a directory as the SDK did: ``Client(id="…", secret="…", base_url="https://id.example.com/v1")``.

    The hosted service that was meant by leaving *base_url* out closed in 2017. Left out, it is the environment variable
    ``STORMPATH_CLIENT_BASEURL``. It may also be the url of a database, ``sqlite:///accounts.db``, whose directory is
    then in this process and asks for no API key. All other arguments, and what is raised, are those of
    :class:`stormpath_wsgi.Client`.
    """

    def __init__(
        self,
        base_url: str | None = None,
        cache_options: Mapping[str, Any] | None = None,
        expand: Expansion | str | None = None,
        proxies: Mapping[str, str] | None = None,
        user_agent: str | None = None,
        backoff_strategy: Callable[[int], float] | None = None,
        **rest: Any,
    ) -> None:
        address = base_url or (None if "data_store" in rest else os.environ.get(ADDRESS))
        super().__init__(
            address,
            cache_options=cache_options,
            expand=expand,
            proxies=proxies,
            user_agent=user_agent,
            backoff_strategy=backoff_strategy,
            **rest,
        )

    @property
    def BASE_URL(self) -> str:
        """The documented name of :attr:`base_url`."""
        return self.base_url


__all__ = ["Client"]

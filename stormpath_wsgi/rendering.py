"""Jinja, as pages and mails use it. Whoever imports this imports Jinja: so do it when something is rendered.

A site may have files of its own in a folder. They are taken before ours of the same name, and may begin with ours:
``{% extends "stormpath/login.html" %}``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from jinja2 import (
    BaseLoader,
    BytecodeCache,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
)
from jinja2.bccache import Bucket


def environment_of(
    package: str,
    folder: Path | None,
    *,
    autoescape: bool | Callable[[str | None], bool] = True,
    bytecode_cache: BytecodeCache | None = None,
    extensions: Sequence[str] = (),
) -> Environment:
    """What renders the templates of *package*, and those of *folder* before them. The rest is as with Jinja."""
    ours = PackageLoader(package)
    theirs: list[BaseLoader] = [FileSystemLoader(folder, encoding="utf-8-sig")] if folder else []
    return Environment(
        loader=ChoiceLoader([*theirs, ours, PrefixLoader({"stormpath": ours})]),
        autoescape=autoescape,  # noqa: S701 - values are escaped unless somebody says otherwise
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=bytecode_cache,
        extensions=extensions,
    )


def source_of(environment: Environment, name: str) -> str:
    """The text of the template *name*. Raises jinja2.TemplateNotFound."""
    return cast(BaseLoader, environment.loader).get_source(environment, name)[0]


class _Compiled(BytecodeCache):
    """What files are compiled to, for all sites of a process. A file that has changed is compiled again."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if (code := self._kept.get(bucket.key)) is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = _Compiled()

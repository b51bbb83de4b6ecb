"""A language in which each text of ours is the English one in brackets: what has none came out of no catalogue."""

from __future__ import annotations

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import stormpath_wsgi
from stormpath_wsgi.texts import Texts

TEMPLATE = Path(stormpath_wsgi.__file__).parent / "locale/stormpath_wsgi.pot"
LANGUAGE = "en-x-marked"
FOLDER = "en_x_marked/LC_MESSAGES"


def brackets(folder: Path) -> Texts:
    """The texts of that language, whose catalogue is written into *folder*."""
    with TEMPLATE.open("rb") as opened:
        catalogue = read_po(opened, locale="en")
    for message in catalogue:
        if message.id:
            forms = message.id if isinstance(message.id, tuple) else (message.id,)
            marked = tuple(f"⟦{form}⟧" for form in forms)
            message.string = marked if len(marked) > 1 else marked[0]
    (folder / FOLDER).mkdir(parents=True)
    with (folder / FOLDER / "stormpath_wsgi.mo").open("wb") as file:
        catalogue.fuzzy = False
        write_mo(file, catalogue)
    return Texts(LANGUAGE, folder)

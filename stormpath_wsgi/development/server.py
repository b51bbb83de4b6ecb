"""Serving a site for development: it is loaded into a directory in memory, and once more when its files change."""

from __future__ import annotations

import atexit
import os
import secrets
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from webob import Response
from werkzeug.serving import WSGIRequestHandler, is_running_from_reloader, run_simple

from stormpath_wsgi.development import provider
from stormpath_wsgi.development.bar import Bar
from stormpath_wsgi.development.guard import PANEL, Guard, without_key
from stormpath_wsgi.development.panel import Panel, pages_of
from stormpath_wsgi.development.persons import make_ready
from stormpath_wsgi.directory.storage.engine import begins_with
from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.importing import NoApplication
from stormpath_wsgi.testing import ENVIRON, TestSite
from stormpath_wsgi.testing.memory import Memory, tables

#: The variable in which the process that watches the files tells the one that serves where it finds the accounts of the
#: one before. It is set by us, and no setting.
_STATE = "_STORMPATH_DEVELOPMENT_STATE"
#: The variable with the key that opens the server. A process that is started again has the same.
KEY_VARIABLE = "_STORMPATH_DEVELOPMENT_KEY"
#: How a process asks the one that watches to start it once more (Werkzeug's reloader).
_ONCE_MORE = 3


def development_site(app: WSGIApplication, key: str) -> WSGIApplication:
    """*app*, whose directory is in memory, with ready persons, the panel, the bar, and for this machine only.

    *key*: what a browser has to know, see :class:`~stormpath_wsgi.development.guard.Guard`.
    Raises :class:`~stormpath_wsgi.ConfigurationError` when its directory is not in memory.
    """
    site = TestSite(app)
    site.__enter__()  # until the process ends
    make_ready(site)
    bar = Bar(app, PANEL)
    panel = site.middleware.around(Panel(site, pages_of(site), bar), protects=False)

    def choose(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        is_panel = environ.get("PATH_INFO", "").startswith(PANEL)
        return (panel if is_panel else bar)(environ, start_response)

    return Guard(choose, key)


def environ(link: str) -> Mapping[str, str]:
    """The variables with which a site is loaded: what is set elsewhere of the same does not count. *link*: where it is
    served.
    """
    return {
        **ENVIRON,
        **provider.environ(),
        "STORMPATH_WEB_BASEURL": link,
        "STORMPATH_SECRETKEYS": secrets.token_hex(),
        "STORMPATH_ENCRYPTIONKEYS": secrets.token_hex(),
        KEY_VARIABLE: secrets.token_hex(),
    }


def serve(load: Callable[[], WSGIApplication], host: str, port: int, *, reloads: bool) -> None:
    """Serve what *load* answers until this process is told to stop.

    *reloads*: whether files are watched, and the site is loaded once more when one has changed. Who is signed in stays
    so.
    """
    if not reloads or is_running_from_reloader():
        provider.start()
    if not reloads:
        _run(loaded(load, None), host, port, reloads=False)
    elif is_running_from_reloader():
        _run(loaded(load, State(os.environ[_STATE])), host, port, reloads=True)
    else:
        with tempfile.TemporaryDirectory(prefix="stormpath-wsgi-") as folder:  # mode 0700
            os.environ[_STATE] = folder
            _run(_nothing, host, port, reloads=True)


class QuietAboutKeys(WSGIRequestHandler):
    """Handles a request, and writes no key into the log."""

    def log(self, type: str, message: str, *args: object) -> None:
        """One line in the log, as of Werkzeug's."""
        super().log(type, message, *(without_key(each) if isinstance(each, str) else each for each in args))


def _run(app: WSGIApplication, host: str, port: int, *, reloads: bool) -> None:
    run_simple(
        host, port, app, use_reloader=reloads, reloader_type="stat", threaded=True, request_handler=QuietAboutKeys
    )


def _nothing(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """What the process that only watches the files does not serve."""
    return Response(status=503)(environ, start_response)


def loaded(load: Callable[[], WSGIApplication], state: State | None) -> WSGIApplication:
    """The site; one that cannot be loaded is told in each answer, until a file changes."""
    key = os.environ[KEY_VARIABLE]
    before = None if state is None else state.take()
    token = begins_with.set(before or tables())
    try:
        app = load()
        site = development_site(app, key)
    except Exception as error:  # the application is not ours, so it may raise anything while it is loaded
        if state is None:
            raise
        if before is not None:
            # It may be what the site has made before, such as a group that is there already.
            state.put_aside(before)
            sys.exit(_ONCE_MORE)
        state.put_back()
        # What we have found wrong ourselves is one sentence, which needs no traceback.
        why = str(error) if isinstance(error, (ConfigurationError, NoApplication)) else traceback.format_exc()
        print(why, file=sys.stderr)
        return Guard(_told(why), key)
    finally:
        begins_with.reset(token)
    if state is not None:
        state.forget()
        atexit.register(lambda: state.keep(Memory(TestSite(app).database).image()))
    return site


class State:
    """The accounts of the process before, in a *folder* that only this user may read.

    They are used once. A site that cannot be loaded with them is loaded without; if that fails too, they are kept until
    the site is mended.
    """

    def __init__(self, folder: str) -> None:
        self._file, self._aside = Path(folder, "directory"), Path(folder, "aside")

    def keep(self, image: bytes) -> None:
        """Write them down for the process that comes after."""
        self._file.write_bytes(image)

    def take(self) -> bytes | None:
        """What the process before has written down; None: nothing."""
        try:
            image = self._file.read_bytes()
        except FileNotFoundError:
            return None
        self._file.unlink()
        return image

    def put_aside(self, image: bytes) -> None:
        """The site cannot be loaded with them."""
        self._aside.write_bytes(image)

    def put_back(self) -> None:
        """The site cannot be loaded without them either."""
        with suppress(FileNotFoundError):
            self._aside.rename(self._file)

    def forget(self) -> None:
        """The site is loaded."""
        self._aside.unlink(missing_ok=True)


def _told(trouble: str) -> WSGIApplication:
    def tell(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "OPTIONS":  # anybody may ask so, see Guard
            return Response(status=500)(environ, start_response)
        text = f"The application cannot be loaded. It is loaded again when a file changes.\n\n{trouble}"
        return Response(text, status=500, content_type="text/plain", charset="utf-8")(environ, start_response)

    return tell

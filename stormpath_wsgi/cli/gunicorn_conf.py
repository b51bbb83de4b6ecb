"""How gunicorn serves a site: for ``stormpath-wsgi run``, and for ``gunicorn -c deploy/gunicorn.conf.py``.

The names are gunicorn's settings. What depends on the machine comes from the environment: ``WEB_CONCURRENCY`` (number
of workers), ``STORMPATH_PROXIES`` (addresses of proxies whose headers are used), ``PORT``.
"""

from __future__ import annotations

import gc
import logging
import os
import re
from datetime import timedelta
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger

bind = f"127.0.0.1:{os.environ.get('PORT') or 8000}"

# Two workers for each core: Python code of one worker keeps one core busy, and requests also wait for databases. An
# application that keeps anything in the memory of its process, such as locks or sessions, needs workers = 1.
workers = int(os.environ.get("WEB_CONCURRENCY") or min(2 * len(os.sched_getaffinity(0)), 12))

# gunicorn's gthread, with time limits for slow visitors. Logins hold six threads of a worker at most (four wait: the
# setting hashQueue; one or two are hashed), so that some are left for other pages. worker_class = "gevent" works as
# well.
worker_class = "stormpath_wsgi.cli.worker.Worker"
threads = 8

# Each worker loads the application itself: threads that an application starts while it is imported do not survive a
# fork. True saves memory where there are no such threads (two fifths of a worker's own), and finds an error before a
# worker starts; but then SIGHUP does not load new code.
preload_app = False

graceful_timeout = 30  # seconds that running requests have to finish on reload and stop
timeout = 30  # seconds after which a worker that does not respond is replaced; for a sync worker: seconds of a request
keepalive = 5  # seconds; longer than most proxies wait between two requests
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  (heartbeats must not wait for a disk)

# The proxies that may say with X-Forwarded-Proto that a visitor uses https: none, until an address is named. Those of
# the setting proxies may, if it is in the environment, unless gunicorn's own variable names others. The header of a
# proxy that connects through a unix socket is always used, since only local programs can do that.
_PROXIES = re.findall(r"[0-9A-Fa-f.:/]+", os.environ.get("STORMPATH_PROXIES", ""))
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", ",".join(_PROXIES))
forwarder_headers = ""  # no header may set SCRIPT_NAME or PATH_INFO

# Our longest address is that of the login page with a long `next`.
limit_request_line = 8190  # bytes
limit_request_fields = 64
limit_request_field_size = 8190  # bytes

control_socket_disable = True  # gunicorn's control socket in $HOME would be the same for all sites


def patch_first(cfg: Config) -> None:
    """Lets gevent replace locks and sockets of the standard library, if the application is loaded before the fork.

    Locks that are made earlier would stop all greenlets of a worker. A gevent worker that loads the application itself
    does the same itself.
    """
    if "gevent" in cfg.worker_class_str.lower():
        from gevent import monkey

        monkey.patch_all()


def when_ready(arbiter: Any) -> None:
    """Called by gunicorn before it forks the first worker."""
    if arbiter.cfg.preload_app:
        _settle()


def post_worker_init(worker: Any) -> None:
    """Called by gunicorn in each worker when it has the application."""
    if not worker.cfg.preload_app:
        _settle()


def _settle() -> None:
    """Tells the garbage collector that all that is there now stays, so it does not look through that again.

    Its look would take time in some requests. It would also write to each object, which ends the sharing of memory with
    the process that has forked a worker.
    """
    gc.collect()
    gc.freeze()


#: The logger of stormpath-wsgi's own lines, for example the addresses at which it serves.
OURS = logging.getLogger("stormpath_wsgi")


class PathLogger(Logger):
    """Writes the access log, without queries and without the tokens in paths of the REST API.

    Queries contain tokens and ``next``. Paths are written as they were sent: a decoded path could contain a line break,
    and forge log lines.
    """

    def setup(self, cfg: Config) -> None:
        """Called by gunicorn before it loads an application: the first moment when all settings are known."""
        if cfg.preload_app:
            patch_first(cfg)
        super().setup(cfg)
        if not OURS.handlers and not logging.getLogger().handlers:  # the logging of our lines was not configured
            OURS.setLevel(logging.INFO)
            OURS.handlers, OURS.propagate = self.error_log.handlers, False

    _TOKEN = re.compile(r"(?<=Tokens/)[^/]+")  # authTokens/<JWT>, passwordResetTokens/<JWT>, accessTokens/<id> …

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: timedelta) -> Any:
        """Called by gunicorn for each request: the values for the line in the access log."""
        atoms = super().atoms(resp, req, environ, request_time)
        atoms["U"] = self._TOKEN.sub("-", environ["RAW_URI"].partition("?")[0])
        return atoms


logger_class = PathLogger
accesslog = "-"
access_log_format = '%(h)s %(t)s "%(m)s %(U)s" %(s)s %(B)s bytes %(M)s ms "%(a)s"'

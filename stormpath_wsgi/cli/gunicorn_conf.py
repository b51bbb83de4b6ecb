"""How gunicorn serves a site: for ``stormpath-wsgi run``, and for ``gunicorn -c deploy/gunicorn.conf.py``.

The names are gunicorn's settings. What depends on the machine comes from the environment: ``WEB_CONCURRENCY``
(workers), ``FORWARDED_ALLOW_IPS`` (proxies whose word is taken), ``PORT``.
"""

from __future__ import annotations

import logging
import os
import re
from datetime import timedelta
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger

bind = f"127.0.0.1:{os.environ.get('PORT') or 8000}"

# Python code of one worker keeps one core busy. Two workers per core, for a site whose requests wait for others. An
# application that keeps anything in the memory of its process, such as locks or sessions, needs one: workers = 1.
workers = int(os.environ.get("WEB_CONCURRENCY") or min(2 * len(os.sched_getaffinity(0)), 12))

# gthread, with bounds for visitors who stall. Logins hold six threads of a worker at most (four wait: the setting
# hashQueue; one or two are hashed), so that some are left for other pages. Also good: worker_class = "gevent".
worker_class = "stormpath_wsgi.cli.worker.Worker"
threads = 8

# Each worker loads the application for itself: threads that it starts while it is imported would not survive the fork.
# True saves memory where there are no such threads, and finds a mistake before a worker starts; but then SIGHUP brings
# no new code.
preload_app = False

graceful_timeout = 30  # seconds that requests in flight have to finish on reload and stop
timeout = 30  # seconds without a sign of life after which a worker is replaced; of a sync worker: of one request
keepalive = 5  # seconds; longer than most proxies wait between two requests
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  (heartbeats must not wait for a disk)

# Who may say by X-Forwarded-Proto that the visitor came by https: nobody, until the proxy's address is named. A proxy
# that connects through a unix socket is always believed; only local programs can reach one.
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "")
forwarder_headers = ""  # no header may set SCRIPT_NAME or PATH_INFO

# A login page with a long `next` is the longest address of ours.
limit_request_line = 8190  # bytes
limit_request_fields = 64
limit_request_field_size = 8190  # bytes

control_socket_disable = True  # gunicorn's own: one socket in $HOME for all sites would be one too many


def patch_first(cfg: Config) -> None:
    """Lets gevent replace what it must before an application is loaded for all workers at once, if they are gevent's.

    Locks that are made before would stop all greenlets of a worker. A worker that loads the application itself does
    this itself.
    """
    if "gevent" in cfg.worker_class_str.lower():
        from gevent import monkey

        monkey.patch_all()


#: What stormpath-wsgi says, at which addresses it answers among it.
OURS = logging.getLogger("stormpath_wsgi")


class PathLogger(Logger):
    """Access log with paths as they were sent, without queries, which carry tokens and ``next``, and without the tokens
    in paths of the REST API.

    A decoded path could hold a line break and forge log lines.
    """

    def setup(self, cfg: Config) -> None:
        """Called by gunicorn before it loads an application: the first moment when all settings are known."""
        if cfg.preload_app:
            patch_first(cfg)
        super().setup(cfg)
        if not OURS.handlers and not logging.getLogger().handlers:  # nobody has said yet where our lines go
            OURS.setLevel(logging.INFO)
            OURS.handlers, OURS.propagate = self.error_log.handlers, False

    _TOKEN = re.compile(r"(?<=Tokens/)[^/]+")  # authTokens/<JWT>, passwordResetTokens/<JWT>, accessTokens/<id> …

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: timedelta) -> Any:
        atoms = super().atoms(resp, req, environ, request_time)
        atoms["U"] = self._TOKEN.sub("-", environ["RAW_URI"].partition("?")[0])
        return atoms


logger_class = PathLogger
accesslog = "-"
access_log_format = '%(h)s %(t)s "%(m)s %(U)s" %(s)s %(B)s bytes %(M)s ms "%(a)s"'

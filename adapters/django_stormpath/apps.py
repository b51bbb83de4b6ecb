"""The two names for ``INSTALLED_APPS``."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin import apps as admin
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core import checks


class StormpathConfig(AppConfig):
    """``"django_stormpath"``: the rows of accounts, and what is checked at the start."""

    name = "django_stormpath"
    verbose_name = "Accounts"
    default_auto_field = "django.db.models.BigAutoField"
    default = True

    def ready(self) -> None:
        """Check the project, and keep our session in step with Django's ``login`` and ``logout``."""
        # They need models, which are not there before.
        from django_stormpath.checks import check_project
        from django_stormpath.sessions import begin, end

        checks.register(check_project, checks.Tags.security)
        user_logged_in.connect(begin, dispatch_uid="django_stormpath.begin")
        user_logged_out.connect(end, dispatch_uid="django_stormpath.end")


class AdminConfig(admin.AdminConfig):
    """``"django_stormpath.apps.AdminConfig"`` in place of ``"django.contrib.admin"``: the admin with our login page."""

    default_site = "django_stormpath.sites.AdminSite"
    default = False

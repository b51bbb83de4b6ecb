"""Django's admin by configuration alone: users by REMOTE_USER, their rights by groups."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from support.recipes import Browser, Site, copied, served

#: The settings that the recipe does not show, as ``django-admin startproject`` makes them.
SETTINGS = """
from pathlib import Path

SECRET_KEY = "as long as it is here"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "mysite.urls"
INSTALLED_APPS = ["admin", "auth", "contenttypes", "sessions", "messages"]
INSTALLED_APPS = [f"django.contrib.{app}" for app in INSTALLED_APPS]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(__file__).parent / "site.db"}}
PROCESSORS = ["django.template.context_processors.request"]
PROCESSORS += [f"django.contrib.{app}.context_processors.{app}" for app in ("auth", "messages")]
BACKEND = "django.template.backends.django.DjangoTemplates"
TEMPLATES = [{"BACKEND": BACKEND, "APP_DIRS": True, "OPTIONS": {"context_processors": PROCESSORS}}]
"""
URLS = """
from django.contrib import admin
from django.urls import path

urlpatterns = [path("admin/", admin.site.urls)]
"""
#: What an administrator does once: the tables, and a group of Django that may change users.
BEGIN = """
import django
django.setup()
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

call_command("migrate", verbosity=0)
helpers = Group.objects.create(name="helpers")
helpers.permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user"]))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("django")
    shown = copied("django_settings.py", folder, "mysite/settings.py")
    shown.write_text(SETTINGS + shown.read_text())
    copied("django_groups.py", folder, "mysite/groups.py")
    (folder / "mysite/urls.py").write_text(URLS)
    with served("django.py", folder) as site:
        site.done(sys.executable, "-c", BEGIN, DJANGO_SETTINGS_MODULE="mysite.settings", PYTHONPATH=str(folder))
        yield site


def test_a_group_of_ours_gives_the_rights_of_the_group_of_django(site: Site) -> None:
    browser = Browser(site)
    page = browser.sign_in(browser.open("/admin/"), site.ada)
    assert page.url.endswith("/admin/") and "have permission to view or edit anything" in page.text
    with site.application() as application:
        [ada] = application.accounts.search({"username": "ada"})
        membership = ada.add_group(application.groups.create({"name": "helpers"}))
        assert "/admin/auth/user/" in browser.open("/admin/").text
        assert browser.open("/admin/auth/group/").status_code == 403
        membership.delete()
    assert browser.open("/admin/auth/user/").status_code == 403


def test_nobody_else_sees_the_admin(site: Site) -> None:
    browser = Browser(site)
    page = browser.open("/admin/")
    assert "/login?next=" in page.url
    assert browser.sign_in(page, site.bob).status_code == 403


def test_the_sign_out_of_the_admin_ends_our_session(site: Site) -> None:
    browser = Browser(site)
    page = browser.sign_in(browser.open("/admin/"), site.ada)
    assert browser.fill_in(page, "Log out").status_code == 200
    assert "/login?next=" in browser.open("/admin/").url

"""The settings of the Django example, as short as they can be."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
DEBUG = "DJANGO_DEBUG" in os.environ
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY") or os.urandom(32).hex()
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
ROOT_URLCONF = "mysite.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "site.db"}}
STATIC_URL = "static/"
USE_TZ = True

# begin
INSTALLED_APPS = [
    "django_stormpath",
    "django_stormpath.apps.AdminConfig",  # in place of django.contrib.admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django_stormpath.middleware.UserMiddleware",  # in place of Django's AuthenticationMiddleware
    "django.contrib.messages.middleware.MessageMiddleware",
]
AUTHENTICATION_BACKENDS = ["django_stormpath.backends.StormpathBackend"]
WSGI_APPLICATION = "mysite.wsgi.application"
LOGIN_URL = "stormpath:login"

STORMPATH = {"application": {"name": "My Application"}}  # what StormpathMiddleware takes
STORMPATH_STAFF_GROUPS = ["admins"]  # who may enter the admin, and
STORMPATH_GROUPS = {"admins": "Editors"}  # which group of Django says what they may do there
# end

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

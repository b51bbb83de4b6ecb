"""The pages of the Django example: one for everybody, one for members, one for a group, and the admin."""

from django.contrib import admin
from django.contrib.auth.decorators import login_required, user_passes_test
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.urls import include, path
from django.utils.html import escape


def in_group(name):
    """Lets people of the group *name* pass. Others who are signed in get 403."""

    def is_in(user):
        if user.is_authenticated and not user.groups.filter(name=name).exists():
            raise PermissionDenied
        return user.is_authenticated

    return user_passes_test(is_in)


def home(request):
    name = request.user.first_name if request.user.is_authenticated else "stranger"
    return HttpResponse(f"Hello, {escape(name)}!")


@login_required
def members(request):
    return HttpResponse("For members.")


@in_group("Editors")
def admins(request):
    return HttpResponse("For admins.")


urlpatterns = [
    path("", home),
    path("members", members),
    path("admins", admins),
    path("admin/", admin.site.urls),
    path("", include("django_stormpath.urls")),
]

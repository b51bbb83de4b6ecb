"""Gives the users of Django the groups that they have with us, in each request."""

from django.contrib.auth.models import Group


def groups_of_accounts(get_response):
    def middleware(request):
        user = request.user
        if user.is_authenticated:
            names = request.META.get("REMOTE_GROUPS", "").split(",")
            user.groups.set(Group.objects.filter(name__in=names))
            user.is_staff, user.is_superuser = "staff" in names, "superusers" in names
        return get_response(request)

    return middleware

"""``request.user``: a row of Django's user model for each account, and what it may do."""

from __future__ import annotations

from pathlib import Path

import pytest
from adapters.django.conftest import MakeSite, Visit
from django.contrib.auth.models import Group, Permission, User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import RequestFactory
from django.urls import include, path
from support.visitors import PASSWORD, Site

import stormpath_wsgi
from django_stormpath.backends import StormpathBackend
from django_stormpath.models import Account


def who(request: HttpRequest) -> HttpResponse:
    user = request.user
    told = {"name": user.get_username(), "staff": user.is_staff, "superuser": user.is_superuser}
    return JsonResponse({**told, "permissions": sorted(user.get_all_permissions())})


async def who_async(request: HttpRequest) -> HttpResponse:
    user = await request.auser()
    return HttpResponse(f"{user.get_username()} {stormpath_wsgi.user.username}")


def broken(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError(request.user.get_username())


def gone(request: HttpRequest, where: str) -> HttpResponse:
    request.META["tests.take_away"]()
    return HttpResponse(request.user.is_staff if where == "row" else stormpath_wsgi.user.has_group("staff"))


urlpatterns = [
    path("who", who),
    path("async", who_async),
    path("broken", broken),
    path("gone/<where>", gone),
    path("", include("mysite.urls")),
]


@pytest.fixture
def make_site(make_site: MakeSite) -> MakeSite:
    return lambda **settings: make_site(ROOT_URLCONF=__name__, **settings)


def row(account: stormpath_wsgi.client.Account) -> User:
    user: User = User.objects.get(stormpath_account__href=account.href)
    return user


def test_a_stranger_is_anonymous_and_gets_no_row(site: Site, visit: Visit) -> None:
    assert visit(site).get("/").text == "Hello, stranger!"
    assert visit(site).get("/members").location == "/login?next=/members"
    assert User.objects.count() == 0


def test_whoever_signs_in_gets_a_row_without_a_password_and_without_rights(site: Site, visit: Visit) -> None:
    account = site.account(surname="Lovelace")
    told = visit(site, account).get("/who").json
    assert told == {"name": "ada", "staff": False, "superuser": False, "permissions": []}
    user = row(account)
    assert (user.email, user.first_name, user.last_name) == ("ada@example.org", "Ada", "Lovelace")
    assert not user.has_usable_password()


def test_people_sign_in_and_out_on_our_pages(site: Site, visit: Visit) -> None:
    site.account()
    visitor = visit(site)
    page = visitor.get("/members").follow()
    page.form["login"], page.form["password"] = "ada", PASSWORD
    assert page.form.submit().follow().text == "For members."
    visitor.post("/logout", headers={"Sec-Fetch-Site": "same-origin"})
    assert visitor.get("/").text == "Hello, stranger!"


def test_a_row_follows_its_account(site: Site, visit: Visit) -> None:
    account = site.account()
    visitor = visit(site, account)
    visitor.get("/who")
    first = row(account)
    account.username, account.email, account.given_name = "countess", "countess@example.org", "Augusta" * 30
    account.save()
    assert visitor.get("/who").json["name"] == "countess"
    second = row(account)
    assert (second.pk, second.email, second.first_name) == (first.pk, "countess@example.org", ("Augusta" * 30)[:150])


def test_a_name_or_an_address_never_leads_to_the_row_of_somebody_else(site: Site, visit: Visit) -> None:
    """Whoever registers chooses both."""
    root = User.objects.create_superuser("ada", "ada@example.org", "a password of Django's")
    account = site.account()
    told = visit(site, account).get("/who").json
    assert told == {"name": account.href.rpartition("/")[2], "staff": False, "superuser": False, "permissions": []}
    assert row(account) != root
    root.refresh_from_db()
    assert root.is_superuser


def test_a_name_that_somebody_else_had_before_leads_to_a_row_of_its_own(site: Site, visit: Visit) -> None:
    ada = site.account()
    visit(site, ada).get("/who")
    ada.username = "countess"
    ada.save()
    eve = site.account("ada", email="eve@example.org")
    visit(site, eve).get("/who")
    assert row(eve) != row(ada)


def test_a_row_of_before_belongs_to_an_account_once_somebody_says_so(site: Site, visit: Visit) -> None:
    account, root = site.account(), User.objects.create_superuser("root")
    Account.objects.create(href=account.href, user=root)
    told = visit(site, account).get("/who").json
    assert told["superuser"]
    root.refresh_from_db()
    assert (root.username, root.first_name) == ("ada", "Ada")


def test_a_row_that_is_not_active_is_nobody(site: Site, visit: Visit) -> None:
    account = site.account()
    visitor = visit(site, account)
    visitor.get("/who")
    User.objects.update(is_active=False)
    assert visitor.get("/").text == "Hello, stranger!"


class TestGroups:
    """Of the directory, and what they are in Django."""

    def test_decide_who_is_staff_and_superuser_where_the_settings_name_some(
        self, make_site: MakeSite, visit: Visit
    ) -> None:
        site = make_site(STORMPATH_STAFF_GROUPS=["staff"], STORMPATH_SUPERUSER_GROUPS=["roots"])
        staff, account = site.group("staff"), site.account()
        visitor = visit(site, account)
        assert not visitor.get("/who").json["staff"]
        account.add_group(staff)
        told = visitor.get("/who").json
        assert (told["staff"], told["superuser"], row(account).is_staff) == (True, False, True)
        account.remove_group(staff)
        assert not visitor.get("/who").json["staff"]
        assert not row(account).is_staff

    def test_take_the_flag_away_that_an_administrator_has_given_by_hand(
        self, make_site: MakeSite, visit: Visit
    ) -> None:
        site = make_site(STORMPATH_SUPERUSER_GROUPS=[])
        account = site.account()
        visitor = visit(site, account)
        visitor.get("/who")
        User.objects.update(is_superuser=True)
        assert not visitor.get("/who").json["superuser"]

    def test_leave_flags_to_administrators_where_the_settings_name_none(
        self, make_site: MakeSite, visit: Visit
    ) -> None:
        site = make_site(STORMPATH_STAFF_GROUPS=None)
        account = site.account(groups=[site.group("staff")])
        visitor = visit(site, account)
        assert not visitor.get("/who").json["staff"]
        User.objects.update(is_staff=True)
        assert visitor.get("/who").json["staff"]

    def test_bring_the_permissions_of_the_group_of_django_that_the_settings_name(
        self, make_site: MakeSite, visit: Visit
    ) -> None:
        site = make_site(STORMPATH_GROUPS={"editors": "Editors"})
        editors, own = Group.objects.create(name="Editors"), Group.objects.create(name="Friends")
        editors.permissions.add(Permission.objects.get(codename="view_user"))
        group, account = site.group("editors"), site.account()
        visitor = visit(site, account)
        assert visitor.get("/who").json["permissions"] == []
        row(account).groups.add(own, editors)  # the one is for Django's administrators, the other for us to say
        assert visitor.get("/who").json["permissions"] == []
        account.add_group(group)
        assert visitor.get("/who").json["permissions"] == ["auth.view_user"]
        assert set(row(account).groups.all()) == {own, editors}
        account.remove_group(group)
        assert visitor.get("/who").json["permissions"] == []
        assert set(row(account).groups.all()) == {own}

    def test_of_the_same_name_in_django_bring_nothing_by_themselves(self, make_site: MakeSite, visit: Visit) -> None:
        site = make_site(STORMPATH_GROUPS={})
        Group.objects.create(name="editors").permissions.add(Permission.objects.get(codename="view_user"))
        assert visit(site, site.account(groups=[site.group("editors")])).get("/who").json["permissions"] == []


class TestAsync:
    def test_a_view_is_told_who_it_is(self, site: Site, visit: Visit) -> None:
        assert visit(site, site.account()).get("/async").text == "ada ada"


class TestTheDirectoryThatIsGone:
    @pytest.mark.parametrize("path", ["/gone/row", "/gone/view"])
    def test_is_our_503_wherever_in_django_it_is_noticed(
        self, make_site: MakeSite, visit: Visit, tmp_path: Path, path: str
    ) -> None:
        database = tmp_path / "accounts.db"
        site = make_site(directory=f"sqlite:///{database}", STORMPATH_STAFF_GROUPS=["staff"])
        account = site.account()

        def take_away() -> None:
            site.client.close()
            for file in tmp_path.glob("accounts.db*"):
                file.unlink()
            database.write_bytes(b"this is no database" * 1000)

        answer = visit(site, account).get(path, extra_environ={"tests.take_away": take_away}, status=503)
        assert int(answer.headers["Retry-After"]) > 0
        assert "<html" in answer


def test_an_error_of_a_view_stays_one(site: Site, visit: Visit) -> None:
    assert "Server Error" in visit(site, site.account()).get("/broken", status=500)


def test_no_password_of_django_signs_anybody_in(site: Site) -> None:
    User.objects.create_user("root", password=PASSWORD)
    assert StormpathBackend().authenticate(RequestFactory().get("/"), username="root", password=PASSWORD) is None

"""The admin: people sign in on our login page, and groups of the directory say what they may do there."""

from __future__ import annotations

import pytest
from adapters.django.conftest import Visit
from django.contrib.auth.models import Group, Permission
from support.visitors import PASSWORD, Site


@pytest.fixture(autouse=True)
def editors() -> Group:
    """The group of Django that people of the group ``admins`` are in, by the settings of the example."""
    group = Group.objects.create(name="Editors")
    group.permissions.add(Permission.objects.get(codename="view_group"))
    return group


def test_a_stranger_signs_in_on_our_page_and_is_where_he_wanted_to_be(site: Site, visit: Visit) -> None:
    site.account(groups=[site.group("admins")])
    page = visit(site).get("/admin/auth/group/?q=x").follow().follow()
    assert page.request.path_qs == "/login?next=/admin/auth/group/%3Fq%3Dx"
    page.form["login"], page.form["password"] = "ada", PASSWORD
    there = page.form.submit().follow()
    assert there.request.path_qs == "/admin/auth/group/?q=x"
    assert "Select group to view" in there


def test_a_group_brings_into_the_admin_and_to_no_more_than_it_may_there(site: Site, visit: Visit) -> None:
    visitor = visit(site, site.account(groups=[site.group("admins")]))
    assert "Groups" in visitor.get("/admin/")
    assert visitor.get("/admin/auth/group/").status_code == 200
    assert visitor.get("/admin/auth/group/add/", status=403)
    assert visitor.get("/admin/auth/user/", status=403)
    assert visitor.get("/admin/login/").location == "/admin/"


def test_who_is_signed_in_and_no_staff_is_told_so_and_not_sent_in_circles(site: Site, visit: Visit) -> None:
    visitor = visit(site, site.account())
    refused = visitor.get("/admin/").follow(status=403)
    assert "ada" in refused
    assert "/login?" in refused


def test_signing_out_of_the_admin_is_signing_out_of_the_site(site: Site, visit: Visit) -> None:
    visitor = visit(site, site.account(groups=[site.group("admins")]))
    page = visitor.get("/admin/")
    page.forms["logout-form"].submit()
    assert visitor.get("/").text == "Hello, stranger!"
    assert visitor.get("/admin/").status_code == 302


def test_no_form_asks_for_a_password_there(site: Site, visit: Visit) -> None:
    assert visit(site).get("/admin/login/").location == "/login?next=/admin/"
    posted = {"username": "ada", "password": PASSWORD}
    visit(site).post("/admin/login/", posted, status=403)  # Django asks for a form token, which only a form has

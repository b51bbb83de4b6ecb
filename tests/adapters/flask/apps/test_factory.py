"""Two apps of one factory do not share what belongs to an app."""

from types import ModuleType

from flask import Flask

ADA = {"given_name": "Ada", "surname": "Lovelace", "email": "ada@example.com", "password": "woot1LoveCookies!"}


def test_two_apps_have_accounts_of_their_own(module: ModuleType, apps: list[Flask]) -> None:
    shop, blog = module.create_app("Shop"), module.create_app("Blog")
    apps += [shop, blog]
    for app in apps:
        app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    reader, buyer = blog.test_client(), shop.test_client()
    assert buyer.post("/register", data=ADA).status_code == 302
    assert buyer.get("/me").text == "Shop: ada@example.com"
    assert reader.get("/me").status_code == 302
    login = {"login": ADA["email"], "password": ADA["password"]}
    assert reader.post("/login", data=login).status_code == 200, "nobody has an account there"

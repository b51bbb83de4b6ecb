"""All settings that the public Stormpath framework specification and its SDKs know, with their defaults."""

from __future__ import annotations

import json
from typing import Any

_LINES = """
application.href null
application.name null
web.basePath null
web.domainName null
web.multiTenancy.enabled false
web.multiTenancy.strategy "subdomain"
web.oauth2.enabled true
web.oauth2.uri "/oauth/token"
web.oauth2.client_credentials.enabled true
web.oauth2.password.enabled true
web.oauth2.password.validationStrategy "local"
web.accessTokenCookie.name "access_token"
web.accessTokenCookie.httpOnly true
web.accessTokenCookie.secure null
web.accessTokenCookie.path null
web.accessTokenCookie.domain null
web.refreshTokenCookie.name "refresh_token"
web.refreshTokenCookie.httpOnly true
web.refreshTokenCookie.secure null
web.refreshTokenCookie.path null
web.refreshTokenCookie.domain null
web.produces ["application/json", "text/html"]
web.register.enabled true
web.register.uri "/register"
web.register.nextUri "/"
web.register.autoLogin false
web.register.form.fields.organizationNameKey.enabled null
web.register.form.fields.organizationNameKey.visible true
web.register.form.fields.organizationNameKey.label "Organization"
web.register.form.fields.organizationNameKey.placeholder "e.g. my-company"
web.register.form.fields.organizationNameKey.required true
web.register.form.fields.organizationNameKey.type "text"
web.register.form.fields.givenName.enabled true
web.register.form.fields.givenName.visible true
web.register.form.fields.givenName.label "First Name"
web.register.form.fields.givenName.placeholder "First Name"
web.register.form.fields.givenName.required null
web.register.form.fields.givenName.type "text"
web.register.form.fields.middleName.enabled false
web.register.form.fields.middleName.visible true
web.register.form.fields.middleName.label "Middle Name"
web.register.form.fields.middleName.placeholder "Middle Name"
web.register.form.fields.middleName.required null
web.register.form.fields.middleName.type "text"
web.register.form.fields.surname.enabled true
web.register.form.fields.surname.visible true
web.register.form.fields.surname.label "Last Name"
web.register.form.fields.surname.placeholder "Last Name"
web.register.form.fields.surname.required null
web.register.form.fields.surname.type "text"
web.register.form.fields.username.enabled false
web.register.form.fields.username.visible true
web.register.form.fields.username.label "Username"
web.register.form.fields.username.placeholder "Username"
web.register.form.fields.username.required null
web.register.form.fields.username.type "text"
web.register.form.fields.email.enabled true
web.register.form.fields.email.visible true
web.register.form.fields.email.label "Email"
web.register.form.fields.email.placeholder "Email"
web.register.form.fields.email.required null
web.register.form.fields.email.type "email"
web.register.form.fields.password.enabled true
web.register.form.fields.password.visible true
web.register.form.fields.password.label "Password"
web.register.form.fields.password.placeholder "Password"
web.register.form.fields.password.required true
web.register.form.fields.password.type "password"
web.register.form.fields.confirmPassword.enabled false
web.register.form.fields.confirmPassword.visible true
web.register.form.fields.confirmPassword.label "Confirm Password"
web.register.form.fields.confirmPassword.placeholder "Confirm Password"
web.register.form.fields.confirmPassword.required true
web.register.form.fields.confirmPassword.type "password"
web.register.form.fieldOrder ["organizationNameKey", "username", "givenName", "middleName", \
"surname", "email", "password", "confirmPassword"]
web.register.view "register"
web.verifyEmail.enabled null
web.verifyEmail.uri "/verify"
web.verifyEmail.nextUri "/login?status=verified"
web.verifyEmail.view "verify"
web.login.enabled true
web.login.uri "/login"
web.login.nextUri "/"
web.login.view "login"
web.login.form.fields.organizationNameKey.enabled null
web.login.form.fields.organizationNameKey.visible true
web.login.form.fields.organizationNameKey.label "Organization"
web.login.form.fields.organizationNameKey.placeholder "e.g. my-company"
web.login.form.fields.organizationNameKey.required true
web.login.form.fields.organizationNameKey.type "text"
web.login.form.fields.login.enabled true
web.login.form.fields.login.visible true
web.login.form.fields.login.label "Username or Email"
web.login.form.fields.login.placeholder "Username or Email"
web.login.form.fields.login.required true
web.login.form.fields.login.type "text"
web.login.form.fields.password.enabled true
web.login.form.fields.password.visible true
web.login.form.fields.password.label "Password"
web.login.form.fields.password.placeholder "Password"
web.login.form.fields.password.required true
web.login.form.fields.password.type "password"
web.login.form.fieldOrder ["organizationNameKey", "login", "password"]
web.logout.enabled true
web.logout.uri "/logout"
web.logout.nextUri "/"
web.organizationSelect.view "organization-select"
web.organizationSelect.form.fields.organizationNameKey.label "Enter your organization name to continue"
web.organizationSelect.form.fields.organizationNameKey.placeholder "e.g. my-company"
web.forgotPassword.enabled null
web.forgotPassword.uri "/forgot"
web.forgotPassword.view "forgot-password"
web.forgotPassword.nextUri "/login?status=forgot"
web.changePassword.enabled null
web.changePassword.autoLogin false
web.changePassword.uri "/change"
web.changePassword.nextUri "/login?status=reset"
web.changePassword.view "change-password"
web.changePassword.errorUri "/forgot?status=invalid_sptoken"
web.idSite.enabled false
web.idSite.loginUri ""
web.idSite.forgotUri "/#/forgot"
web.idSite.registerUri "/#/register"
web.callback.enabled true
web.callback.uri "/stormpathCallback"
web.social.facebook.uri "/callbacks/facebook"
web.social.facebook.scope "email"
web.social.github.uri "/callbacks/github"
web.social.github.scope "user:email"
web.social.google.uri "/callbacks/google"
web.social.google.scope "email profile"
web.social.linkedin.uri "/callbacks/linkedin"
web.social.linkedin.scope "r_basicprofile r_emailaddress"
web.me.enabled true
web.me.uri "/me"
web.me.expand.apiKeys false
web.me.expand.applications false
web.me.expand.customData false
web.me.expand.directory false
web.me.expand.groupMemberships false
web.me.expand.groups false
web.me.expand.providerData false
web.me.expand.tenant false
client.apiKey.file null
client.apiKey.id null
client.apiKey.secret null
client.cacheManager.enabled true
client.cacheManager.defaultTtl 300
client.cacheManager.defaultTti 300
client.cacheManager.caches {}
client.baseUrl "https://api.stormpath.com/v1"
client.connectionTimeout 30
client.authenticationScheme "SAUTHC1"
client.proxy.port null
client.proxy.host null
client.proxy.username null
client.proxy.password null
"""

DEFAULTS: dict[str, Any] = {
    name: json.loads(value) for name, _, value in (line.partition(" ") for line in _LINES.strip().splitlines())
}

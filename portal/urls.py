"""Every URL of the portal. Views that are wrapped by `page` may raise the errors of the services."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, include, path, register_converter
from django.urls.converters import StringConverter

from portal.api.app import url_patterns
from portal.api.published import openapi
from portal.pages.accounts import team_views as account_teams
from portal.pages.accounts import views as accounts
from portal.pages.adopt import views as adopt
from portal.pages.api_reference import views as api_reference
from portal.pages.audit import views as audit
from portal.pages.cancel import views as cancel
from portal.pages.catalogue import views as catalogue
from portal.pages.change import views as changing
from portal.pages.components import views as components
from portal.pages.delegation import views as delegations
from portal.pages.drift import views as drift
from portal.pages.environments import views as environments
from portal.pages.exports import views as exporting
from portal.pages.hand_over import views as hand_over
from portal.pages.home import views as home
from portal.pages.import_terraform import views as importing
from portal.pages.invitation import views as invitation
from portal.pages.notifications import views as notifications
from portal.pages.orphans import views as orphans
from portal.pages.people import views as people
from portal.pages.people.set_password import SetPassword
from portal.pages.profile import views as profile
from portal.pages.recover import views as recover
from portal.pages.request_form import views as request_form
from portal.pages.requests import views as requests
from portal.pages.rules import views as rules
from portal.pages.setup import views as setup
from portal.pages.sign_in import sso
from portal.pages.sign_in import views as sign_in
from portal.pages.teams import views as teams
from portal.pages.teardown import views as teardown
from portal.pages.tokens import views as tokens
from portal.pages.versions import views as versions
from portal.pages.webhooks import views as webhooks
from portal.web.cli_wheel import WHEEL_NAME
from portal.web.errors import View, answering
from portal.web.health import healthz


class VersionConverter(StringConverter):
    """A blueprint's version, as its file may write it."""

    regex = r"[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"


register_converter(VersionConverter, "version")


def page(route: str, view: View, name: str) -> URLPattern:
    return path(route, answering(view), name=name)


def moved(route: str, name: str) -> URLPattern:
    """Redirect a URL of an earlier version to the page of this name. A POST remains a POST with its
    fields.
    """

    def redirect_to_page(_request: HttpRequest, **kwargs: object) -> HttpResponse:
        return redirect(name, permanent=True, preserve_request=True, **kwargs)

    return path(route, redirect_to_page)


# The portal's own pages. A test visits every one.
pages: list[URLPattern] = [
    path("healthz", healthz, name="healthz"),
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-in/code/", sign_in.sign_in_code, name="sign_in_code"),
    page("sign-in/sso/", sso.start, "sign_in_sso"),
    page("sign-in/sso/callback/", sso.callback, "sign_in_sso_callback"),
    page("sign-in/sso/again/", sso.again, "sign_in_sso_again"),
    page("sign-in/continue/", sso.go_on, "continue"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    page("profile/", profile.profile, "profile"),
    page("profile/password/", profile.change_password, "change_password"),
    page("profile/second-factor/", profile.second_factor, "second_factor"),
    page("profile/second-factor/start/", profile.start_second_factor, "start_second_factor"),
    page("profile/second-factor/confirm/", profile.confirm_second_factor, "confirm_second_factor"),
    page("profile/second-factor/remove/", profile.remove_factor, "remove_second_factor"),
    page("profile/second-factor/codes/", profile.renew_codes, "renew_recovery_codes"),
    page("profile/sessions/end/", profile.end_own_sessions, "end_sessions"),
    page("", home.home, "home"),
    page("catalogue/", catalogue.index, "catalogue"),
    page("catalogue/<slug:slug>/", catalogue.blueprint, "blueprint"),
    page("catalogue/<slug:slug>/request/", request_form.request_form, "request_form"),
    page("catalogue/<slug:slug>/request/preview/", request_form.preview, "preview"),
    page("catalogue/<slug:slug>/request/preflight/", request_form.preflight, "preflight"),
    page("catalogue/<slug:slug>/import/", importing.import_terraform, "import_terraform"),
    page("catalogue/<slug:slug>/versions/", versions.versions, "versions"),
    page("catalogue/<slug:slug>/versions/pick/", versions.pick, "pick_versions"),
    page("catalogue/<slug:slug>/versions/<version:before>...<version:after>/", versions.compare, "compare_versions"),
    page("components/", components.index, "components"),
    page("components/<slug:kind>/", components.detail, "component"),
    page("requests/", requests.index, "requests"),
    page("requests/<uuid:pk>/", requests.detail, "request"),
    page("requests/<uuid:pk>/live/", requests.live, "request_live"),
    page("requests/<uuid:pk>/template/", requests.template, "request_template"),
    page("requests/<uuid:pk>/export/", exporting.of_request, "request_export"),
    page("requests/<uuid:pk>/approve/", requests.approve, "approve"),
    page("requests/<uuid:pk>/reject/", requests.reject, "reject"),
    page("requests/<uuid:pk>/ask/", requests.ask, "ask_question"),
    page("requests/<uuid:pk>/answer/", requests.answer, "answer_question"),
    page("delegation/", delegations.delegation, "delegation"),
    page("delegation/<uuid:pk>/end/", delegations.end, "end_delegation"),
    page("requests/<uuid:pk>/check/", requests.check_account, "check_account"),
    page("requests/<uuid:pk>/withdraw/", requests.withdraw, "withdraw"),
    page("environments/", environments.index, "environments"),
    page("environments/<uuid:pk>/", environments.detail, "environment"),
    page("environments/<uuid:pk>/live/", environments.live, "environment_live"),
    page("environments/<uuid:pk>/export/", exporting.of_environment, "environment_export"),
    page("environments/<uuid:pk>/retry/", environments.retry, "try_again"),
    page("environments/<uuid:pk>/cancel/", cancel.cancel, "cancel"),
    page("environments/<uuid:pk>/stop-watching/", cancel.stop_watching, "stop_watching"),
    page("environments/<uuid:pk>/recover/", recover.recover, "recover"),
    page("environments/<uuid:pk>/recover/read/", recover.read, "read_recovery"),
    page("environments/<uuid:pk>/drift/", drift.detail, "drift"),
    page("environments/<uuid:pk>/drift/check/", drift.check, "check_drift"),
    page("environments/<uuid:pk>/drift/accept/", drift.accept, "accept_drift"),
    page("environments/<uuid:pk>/drift/put-back/", drift.put_back, "put_back"),
    page("environments/<uuid:pk>/change/", changing.change, "change"),
    page("requests/<uuid:pk>/plan-again/", changing.again, "plan_again"),
    page("environments/<uuid:pk>/teardown/", teardown.teardown, "teardown"),
    page("environments/<uuid:pk>/teardown/refresh/", teardown.refresh, "refresh_teardown"),
    page("environments/<uuid:pk>/receipt/", teardown.receipt, "receipt"),
    page("adopt/", adopt.adopt, "adopt"),
    page("orphans/", orphans.index, "orphans"),
    page("notifications/", notifications.index, "notifications"),
    page("notifications/add/", notifications.add, "add_channel"),
    page("notifications/mail/", notifications.mail, "own_mail"),
    page("notifications/mail/test/", notifications.test_mail, "test_own_mail"),
    page("notifications/failures/", notifications.failures, "failed_messages"),
    page("notifications/teams/<slug:team>/", notifications.of_team, "team_notifications"),
    page("notifications/teams/<slug:team>/add/", notifications.add_to_team, "add_team_channel"),
    page("notifications/channels/<uuid:pk>/", notifications.channel, "channel"),
    page("notifications/channels/<uuid:pk>/test/", notifications.test, "test_channel"),
    page("notifications/channels/<uuid:pk>/switch-on/", notifications.switch_on, "switch_on_channel"),
    page("notifications/channels/<uuid:pk>/remove/", notifications.remove, "remove_channel"),
    page("webhooks/", webhooks.index, "webhooks"),
    page("webhooks/add/", webhooks.add, "add_webhook"),
    page("webhooks/<uuid:pk>/", webhooks.detail, "webhook"),
    page("webhooks/<uuid:pk>/change/", webhooks.change, "change_webhook"),
    page("webhooks/<uuid:pk>/rotate/", webhooks.rotate, "rotate_webhook"),
    page("webhooks/<uuid:pk>/test/", webhooks.test, "test_webhook"),
    page("webhooks/<uuid:pk>/switch/", webhooks.switch, "switch_webhook"),
    page("webhooks/<uuid:pk>/remove/", webhooks.remove, "remove_webhook"),
    page("webhooks/deliveries/<uuid:pk>/send-again/", webhooks.redeliver, "redeliver_webhook"),
    page("destinations/", webhooks.destinations, "destinations"),
    page("destinations/<uuid:pk>/remove/", webhooks.forbid, "forbid_destination"),
    page("audit/", audit.index, "audit"),
    page("audit/<int:pk>/", audit.detail, "audit_event"),
    page("audit/export/", audit.export, "audit_export"),
    page("audit/verifier/", audit.verifier, "audit_verifier"),
    page("environments/<uuid:pk>/evidence/", exporting.evidence, "evidence"),
    # Rules
    page("rules/", rules.index, "rules"),
    page("rules/edit/", rules.edit, "edit_rule"),
    page("rules/<uuid:pk>/", rules.detail, "rule"),
    # Set-up and accounts
    page("setup/", setup.setup, "setup"),
    page("setup/dismiss/", setup.dismiss, "dismiss_setup"),
    page("accounts/", accounts.index, "accounts"),
    page("accounts/new/", accounts.connect, "connect_account"),
    page("accounts/templates/<slug:name>.yaml", accounts.template, "onboarding_template"),
    page("accounts/<uuid:pk>/", accounts.detail, "account"),
    page("accounts/<uuid:pk>/change/", accounts.change, "change_account"),
    page("accounts/<uuid:pk>/outputs/", accounts.outputs, "read_account_outputs"),
    page("accounts/<uuid:pk>/test/", accounts.test, "test_account"),
    page("accounts/<uuid:pk>/open/", accounts.open_, "open_account"),
    page("accounts/<uuid:pk>/close/", accounts.close, "close_account"),
    page("accounts/<uuid:pk>/remove/", accounts.remove, "remove_account"),
    page("accounts/<uuid:pk>/teams/", account_teams.choose, "choose_account_team"),
    page("accounts/<uuid:pk>/teams/<uuid:team>/", account_teams.rights, "account_team"),
    page("accounts/<uuid:pk>/teams/<uuid:team>/zones/", account_teams.zones, "account_zones"),
    page("accounts/<uuid:pk>/teams/<uuid:team>/remove/", account_teams.remove, "remove_account_team"),
    # Teams, people and hand-overs
    page("api/v1/docs", api_reference.reference, "api_reference"),
    page("tokens/", tokens.own, "tokens"),
    page(f"tokens/cli/{WHEEL_NAME}", tokens.cli, "cli_wheel"),
    page("tokens/<uuid:pk>/revoke/", tokens.revoke, "revoke_token"),
    page("teams/<slug:team>/tokens/", tokens.of_team, "team_tokens"),
    page("teams/", teams.index, "teams"),
    page("teams/new/", teams.create, "new_team"),
    page("teams/<slug:team>/", teams.detail, "team"),
    page("teams/<slug:team>/rename/", teams.rename, "rename_team"),
    page("teams/<slug:team>/delete/", teams.delete, "delete_team"),
    page("teams/<slug:team>/members/", teams.add, "add_member"),
    page("teams/<slug:team>/members/<uuid:member>/role/", teams.change_role, "change_member_role"),
    page("teams/<slug:team>/members/<uuid:member>/remove/", teams.remove, "remove_member"),
    page("teams/<slug:team>/invitations/<uuid:invitation>/withdraw/", teams.withdraw, "withdraw_invitation"),
    page("invitation/", invitation.invitation, "invitation"),
    page("invitation/<str:token>/", invitation.open_link, "open_invitation"),
    page("people/", people.index, "people"),
    page("people/new/", people.create, "new_person"),
    page("people/<uuid:person>/", people.detail, "person"),
    page("people/<uuid:person>/update/", people.update, "update_person"),
    page("people/<uuid:person>/password-link/", people.password_link, "password_link"),
    page("people/<uuid:person>/confirm/", people.confirm, "confirm_person"),
    page("people/<uuid:person>/deactivate/", people.deactivate, "deactivate_person"),
    page("people/<uuid:person>/reactivate/", people.reactivate, "reactivate_person"),
    page("people/<uuid:person>/roles/<slug:role>/give/", people.give, "give_role"),
    page("people/<uuid:person>/roles/<slug:role>/take/", people.take, "take_role"),
    page("people/role-changes/<uuid:change>/<slug:decision>/", people.decide, "decide_role"),
    path("set-password/<str:uidb64>/<str:token>/", login_not_required(SetPassword.as_view()), name="set_password"),
    page("environments/<uuid:pk>/hand-over/", hand_over.offer, "hand_over"),
    page("environments/<uuid:pk>/hand-over/withdraw/", hand_over.withdraw, "withdraw_offer"),
    page("handovers/<uuid:offer>/", hand_over.answer, "offer"),
    page("handovers/<uuid:offer>/accept/", hand_over.accept, "accept_offer"),
    page("handovers/<uuid:offer>/decline/", hand_over.decline, "decline_offer"),
]

# URLs of earlier versions, which pages that are open during an upgrade still use.
moved_pages: list[URLPattern] = [
    moved("catalogue/<slug:slug>/request/look/", "preview"),
    moved("requests/<uuid:pk>/refuse/", "reject"),
    moved("environments/<uuid:pk>/try-again/", "try_again"),
]

# Django's admin pages sign people in and out, and change passwords, where everybody else does.
admin_doors: list[URLPattern] = [
    page("admin/login/", sign_in.admin_sign_in, "admin_sign_in"),
    path("admin/logout/", sign_in.sign_out),
    moved("admin/password_change/", "profile"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    *admin_doors,
    path("admin/", admin.site.urls),
    path("api/v1/openapi.json", openapi, name="openapi"),
    path("api/v1/", include((url_patterns(), "api"))),
    *pages,
    *moved_pages,
]

"""Every address of the portal. Wrapped by `page`, a view may raise the errors of the services."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import URLPattern, URLResolver, path, register_converter
from django.urls.converters import StringConverter

from portal.pages.catalogue import views as catalogue
from portal.pages.components import views as components
from portal.pages.environments import views as environments
from portal.pages.exports import views as exporting
from portal.pages.home import views as home
from portal.pages.import_terraform import views as importing
from portal.pages.request_form import views as request_form
from portal.pages.requests import views as requests
from portal.pages.teardown import views as teardown
from portal.pages.versions import views as versions
from portal.web import health_view
from portal.web.errors import View, answering


class VersionConverter(StringConverter):
    """A blueprint's version, as its file may spell it."""

    regex = r"[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"


register_converter(VersionConverter, "version")


def page(route: str, view: View, name: str) -> URLPattern:
    return path(route, answering(view), name=name)


# The portal's own pages; a test walks them all.
pages: list[URLPattern] = [
    path("healthz", health_view.healthz, name="healthz"),
    path(
        "sign-in/",
        LoginView.as_view(template_name="pages/sign_in/page.html", redirect_authenticated_user=True),
        name="sign_in",
    ),
    path("sign-out/", LogoutView.as_view(), name="sign_out"),
    page("", home.home, "home"),
    page("catalogue/", catalogue.index, "catalogue"),
    page("catalogue/<slug:slug>/", catalogue.blueprint, "blueprint"),
    page("catalogue/<slug:slug>/request/", request_form.ask, "ask"),
    page("catalogue/<slug:slug>/request/look/", request_form.look, "look"),
    page("catalogue/<slug:slug>/import/", importing.import_terraform, "import_terraform"),
    page("catalogue/<slug:slug>/versions/", versions.versions, "versions"),
    page("catalogue/<slug:slug>/versions/pick/", versions.pick, "pick_versions"),
    page("catalogue/<slug:slug>/versions/<version:before>...<version:after>/", versions.compare, "compare_versions"),
    page("components/", components.index, "components"),
    page("components/<slug:kind>/", components.detail, "component"),
    page("requests/", requests.index, "requests"),
    page("requests/<uuid:pk>/", requests.detail, "request"),
    page("requests/<uuid:pk>/template/", requests.template, "request_template"),
    page("requests/<uuid:pk>/export/", exporting.of_request, "request_export"),
    page("requests/<uuid:pk>/approve/", requests.approve, "approve"),
    page("requests/<uuid:pk>/refuse/", requests.refuse, "refuse"),
    page("requests/<uuid:pk>/withdraw/", requests.withdraw, "withdraw"),
    page("environments/", environments.index, "environments"),
    page("environments/<uuid:pk>/", environments.detail, "environment"),
    page("environments/<uuid:pk>/live/", environments.live, "environment_live"),
    page("environments/<uuid:pk>/export/", exporting.of_environment, "environment_export"),
    page("environments/<uuid:pk>/try-again/", environments.try_again, "try_again"),
    page("environments/<uuid:pk>/teardown/", teardown.teardown, "teardown"),
    page("environments/<uuid:pk>/receipt/", teardown.receipt, "receipt"),
]

urlpatterns: list[URLPattern | URLResolver] = [path("admin/", admin.site.urls), *pages]

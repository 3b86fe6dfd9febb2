"""The API, built from its routers, and its URLs."""

from __future__ import annotations

from typing import Final

from django.urls import URLPattern
from ninja import NinjaAPI

from portal.api.auth import Token, needed_scope
from portal.api.document import complete
from portal.api.errors import add_handlers
from portal.api.v1 import (
    account_setup,
    account_teams,
    accounts,
    adoptions,
    audit,
    catalogue,
    changes,
    channels,
    checks,
    decisions,
    delegations,
    destinations,
    drift,
    environments,
    exports,
    handovers,
    imports,
    invitations,
    me,
    onboarding,
    operations,
    people,
    plans,
    requests,
    rules,
    teams,
    teardowns,
    tokens,
    versions,
    webhooks,
)
from portal.api.values import StrictParser

VERSION: Final = "1.0.0"


class PortalApi(NinjaAPI):
    """With a complete OpenAPI document."""

    def get_openapi_schema(self, **options: object) -> dict[str, object]:  # type: ignore[override]
        return complete(super().get_openapi_schema(**options), self.scopes())  # type: ignore[arg-type]

    def scopes(self) -> dict[str, str]:
        """The scope that each operation needs, by its id."""
        return {
            str(operation.operation_id): str(needed_scope(method, auth))
            for router in self._get_bound_routers()
            for view in router.path_operations.values()
            for operation in view.operations
            for method in operation.methods
            for auth in operation.auth_callbacks
            if isinstance(auth, Token)
        }


api = PortalApi(
    title="Portal",
    version=VERSION,
    description=(
        "Environments on AWS, on request. The API does what people do on the pages, except what lends trust that "
        "outlives a token: passwords, sessions, new tokens, delegations, roles outside teams, and confirming people."
    ),
    auth=Token(),
    parser=StrictParser(),
    docs_url=None,
    openapi_url=None,
    urls_namespace="api",
)
add_handlers(api)
api.add_router("/me", me.router)
api.add_router("/environments", environments.router)
api.add_router("/environments", changes.router)
api.add_router("/environments", teardowns.router)
api.add_router("/environments", drift.router)
api.add_router("/environments", operations.of_environment)
api.add_router("/environments", handovers.of_environment)
api.add_router("/environments", exports.of_environment)
api.add_router("/handovers", handovers.router)
api.add_router("/operations", operations.router)
api.add_router("/requests", requests.router)
api.add_router("/requests", decisions.router)
api.add_router("/requests", checks.of_request)
api.add_router("/requests", exports.of_request)
api.add_router("/delegations", delegations.router)
api.add_router("/plans", plans.router)
api.add_router("/plans", checks.of_plan)
api.add_router("/catalogue", catalogue.router)
api.add_router("/catalogue", imports.router)
api.add_router("/catalogue", versions.router)
api.add_router("/adoptions", adoptions.router)
api.add_router("/teams", teams.router)
api.add_router("/teams", tokens.of_teams)
api.add_router("/teams", invitations.router)
api.add_router("/people", people.router)
api.add_router("/tokens", tokens.router)
api.add_router("/accounts", account_setup.router)
api.add_router("/accounts", onboarding.router)
api.add_router("/accounts", account_teams.router)
api.add_router("/orphans", accounts.orphans_router)
api.add_router("/audit", audit.router)
api.add_router("/rules", rules.router)
api.add_router("/channels", channels.router)
api.add_router("/webhooks", webhooks.router)
api.add_router("/destinations", destinations.router)


def url_patterns() -> list[URLPattern]:
    """The routes, for `include`. A caller without a token gets 401, and no page to sign in."""
    patterns = [pattern for pattern in api.urls[0] if isinstance(pattern, URLPattern)]
    for pattern in patterns:
        pattern.callback.login_required = False  # type: ignore[attr-defined]
    return patterns

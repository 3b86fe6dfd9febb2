"""WAF's logging configurations, which ministack's WAF lacks: stored and returned."""

from __future__ import annotations

from provisioning.sandbox.services.calls import Body, RefusedError, add_calls, scope, store

CONFIGURATIONS = store("waf_logging")


def _put(body: Body) -> Body:
    configuration = body["LoggingConfiguration"]
    CONFIGURATIONS[scope() + configuration["ResourceArn"]] = configuration
    return {"LoggingConfiguration": configuration}


def _get(body: Body) -> Body:
    found = CONFIGURATIONS.get(scope() + body["ResourceArn"])
    if found is None:
        raise RefusedError(
            "WAFNonexistentItemException", "AWS WAF couldn't perform the operation because your resource doesn't exist."
        )
    return {"LoggingConfiguration": found}


def _delete(body: Body) -> Body:
    _get(body)
    del CONFIGURATIONS[scope() + body["ResourceArn"]]
    return {}


def _list(_body: Body) -> Body:
    return {"LoggingConfigurations": [item for key, item in CONFIGURATIONS.items() if key.startswith(scope())]}


def install() -> None:
    add_calls(
        "wafv2",
        {
            "PutLoggingConfiguration": _put,
            "GetLoggingConfiguration": _get,
            "DeleteLoggingConfiguration": _delete,
            "ListLoggingConfigurations": _list,
        },
    )

"""Signals, and calls about a template only."""

from __future__ import annotations

from typing import Any

from provisioning.sandbox.cloudformation.requests import (
    MINISTACKS,
    Params,
    find,
    path_style,
    refuse,
    template_problem,
    text,
)
from provisioning.sandbox.private import helpers
from provisioning.sandbox.stacks import signals


def signal_resource(params: Params) -> Any:
    """Signals an instance or a group that waits; ministack only knows wait conditions."""
    stack = find(params)
    unique_id, status = text(params, "UniqueId"), text(params, "Status")
    valid = stack is not None and status in (signals.SUCCESS, signals.FAILURE) and bool(unique_id)
    if valid and signals.signal(stack or {}, text(params, "LogicalResourceId"), unique_id, status):
        return helpers.xml(200, "SignalResourceResponse", "")
    return MINISTACKS["SignalResource"](params)


def validate_template(params: Params) -> Any:
    path_style(params)
    problem = template_problem(params)
    return refuse("ValidationError", problem) if problem else MINISTACKS["ValidateTemplate"](params)


def get_template_summary(params: Params) -> Any:
    path_style(params)
    return MINISTACKS["GetTemplateSummary"](params)

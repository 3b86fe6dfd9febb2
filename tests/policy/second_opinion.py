"""Answers questions with ministack's evaluator, in the sandbox's Python environment.

Reads a JSON list of questions on stdin, whose policy variables are filled in, and prints a JSON list
of "Allow", "Deny" and "ImplicitDeny".
"""

from __future__ import annotations

import json
import sys
from typing import Any

from ministack.core.iam_evaluator import EvalContext, combine_resource_policy, evaluate, parse_policy_document


def decision(question: dict[str, Any]) -> str:
    context = EvalContext(
        principal_arn=question["session_arn"],
        principal_type="AssumedRole",
        principal_account=question["account_id"],
        action=question["action"],
        resource_arn=question["resource"],
        region="eu-central-1",
        source_ip=question["context"].pop("aws:sourceip", ""),
        secure_transport=True,
        service_context=question["context"],
    )
    policies = [parse_policy_document({"Statement": question["identity"]})]
    boundary = question["boundary"]
    limits = [] if boundary is None else [[parse_policy_document({"Statement": boundary})]]
    result = evaluate(context, policies, *limits)
    if question["resource_policy"] is not None:
        own = {"Statement": question["resource_policy"]}
        result = combine_resource_policy(result, context, own, question["account_id"], limits=tuple(limits))
    return str(result.decision)


if __name__ == "__main__":
    sys.stdout.write(json.dumps([decision(one) for one in json.load(sys.stdin)]))

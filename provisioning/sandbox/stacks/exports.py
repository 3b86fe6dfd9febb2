"""Exports that other stacks import: AWS accepts the deletion of their stack, and then turns it back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from provisioning.sandbox.private import cfn, handlers
from provisioning.sandbox.stacks.records import Stack


@contextmanager
def unseen(stack: Stack) -> Iterator[None]:
    """Ministack refuses such a deletion at once. It does not see the exports meanwhile."""
    outputs = stack.get("Outputs")
    stack["Outputs"] = []
    try:
        yield
    finally:
        stack["Outputs"] = outputs


def reason_to_turn_back(stack: Stack) -> str:
    """Why the stack cannot be deleted, in AWS's words; empty if no other stack imports its exports."""
    names = [output["ExportName"] for output in stack.get("Outputs") or [] if output.get("ExportName")]
    for name in names:
        for other in cfn.stacks.values():
            if other["StackId"] == stack["StackId"] or other["StackStatus"] in ("DELETE_COMPLETE", "ROLLBACK_COMPLETE"):
                continue
            if name in handlers.imported_export_names(other, other["StackName"]):
                return f"Export {name} cannot be deleted as it is in use by {other['StackName']}"
    return ""

"""Stored plans and step data are read through their types: no other module knows a key of their
JSON.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = ("content", "step_data", "proof", "timeline", "diagram", "scan")
OWNERS = {"plan_document.py", "plan_format_1.py", "plan_queries.py", "receipt_document.py", "step_data.py"}
MODULES = [
    path
    for package in ("portal", "provisioning")
    for path in sorted((ROOT / package).rglob("*.py"))
    if "migrations" not in path.parts and path.name not in OWNERS
]


def keys_read(source: str) -> Iterator[str]:
    """Every place that reads a stored document by a key: `x.content["…"]`, `.get("…")`,
    `content__…`.
    """
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Subscript(value=ast.Attribute(attr=column), slice=ast.Constant(value=str())) if column in COLUMNS:
                yield ast.unparse(node)
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr=column), attr="get")) if column in COLUMNS:
                yield ast.unparse(node)
            case ast.Constant(value=str(text)) | ast.keyword(arg=str(text)) if text.startswith(
                tuple(f"{column}__" for column in COLUMNS)
            ):
                yield text


def test_no_module_reads_a_stored_document_by_its_keys() -> None:
    assert {str(path.relative_to(ROOT)): list(keys_read(path.read_text())) for path in MODULES} == {
        str(path.relative_to(ROOT)): [] for path in MODULES
    }


@pytest.mark.parametrize(
    "source",
    [
        'plan.content["stacks"]',
        'operation.step_data.get("round")',
        'Plan.objects.values("content__blueprint")',
        'Plan.objects.filter(content__kind="create")',
        'receipt.scan["left"]',
    ],
)
def test_reading_by_a_key_is_noticed(source: str) -> None:
    assert len(list(keys_read(source))) == 1

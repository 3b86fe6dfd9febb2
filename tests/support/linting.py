"""cfn-lint, which takes seconds to import and to run: imported when it is needed, and run once per
design.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from provisioning.template.compile import CompiledDesign
from tests.support.designs import REGIONS

_PACKAGE = find_spec("cfnlint")
assert _PACKAGE is not None
assert _PACKAGE.origin is not None
SCHEMAS = Path(_PACKAGE.origin).parent / "data" / "schemas"
"""The schemas of CloudFormation's resource types as AWS publishes them, by region."""


def lint(body: str, regions: Iterable[str] = REGIONS) -> list[str]:
    """Return cfn-lint's errors, warnings and informational remarks about a template in these
    regions.
    """
    from cfnlint.api import lint as run_cfn_lint  # noqa: PLC0415 - see above

    return [str(match) for match in run_cfn_lint(body, config={"regions": list(regions), "include_checks": ["I"]})]


def lint_all(design: CompiledDesign) -> list[str]:
    """Lint every stack of a design: the main one for all regions on offer if the others stay where
    they are.
    """
    found = []
    for stack in design.stacks:
        found += [
            f"{stack.stack}: {remark}"
            for remark in lint(stack.body, REGIONS if stack is design.main else [stack.region])
        ]
    return found

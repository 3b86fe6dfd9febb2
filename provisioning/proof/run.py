"""Proves rendered templates: runs every rule over every parameter case, so for every outcome of the
conditions.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from itertools import islice, product
from typing import Any

from provisioning.design.size_policy import SizePolicy
from provisioning.proof import coverage, tables
from provisioning.proof.model.parameter_cases import MAX_CASES, parameter_cases
from provisioning.proof.model.template import Model, Stack, TaskRun
from provisioning.proof.model.values import unknown
from provisioning.proof.model.view import View
from provisioning.proof.report import Finding, Proof, in_order
from provisioning.proof.rule import RULES, Reporter, checked
from provisioning.proof.rules import load
from provisioning.template.compile import CompiledDesign, CompiledTemplate

Provable = CompiledDesign | CompiledTemplate | Stack | Mapping[str, Any]
_DEFAULT_REGION = "us-east-1"


def prove(
    stacks: Provable | Iterable[Provable],
    *,
    region: str = _DEFAULT_REGION,
    parameters: Mapping[str, Any] | None = None,
    policy: SizePolicy | None = None,
    changing: bool = False,
    listed: Collection[str] = (),
) -> Proof:
    """Proves a compiled design, compiled templates, stacks, or plain template mappings.

    `region` and `parameters` apply to plain mappings. `policy` holds the rules of a size; without
    it, a stack with termination protection counts as one whose data must be retained. `changing`
    adds the rules for an update of a running stack. `listed` are names outside the environment that
    the team may use, because an administrator has listed them.
    """
    load()
    read = tuple(_stacks(stacks, region, parameters or {}))
    views, assumed, left_out = _views(read, policy=policy, changing=changing, listed=frozenset(listed))
    reports = {rule_id: [Reporter(rule) for _ in views] for rule_id, rule in RULES.items()}
    for index, (view, _) in enumerate(views):
        for rule_id, rule in RULES.items():
            rule.look(view, reports[rule_id][index])
    first = views[0][0]
    return Proof(
        findings=_findings(reports, [chosen for _, chosen in views]),
        checked=tuple(checked(RULES[rule_id], of_rule) for rule_id, of_rule in reports.items()),
        not_covered=tuple(coverage.not_covered([view for view, _ in views], left_out)),
        admissions=tuple(tables.admissions(first)),
        grants=tuple(tables.grants(first)),
        assumed=assumed,
    )


def _findings(reports: Mapping[str, list[Reporter]], chosen: list[tuple[str, ...]]) -> tuple[Finding, ...]:
    """Merges the same fault of several cases into one finding; `when` names the parameters if it is
    not in all cases.
    """
    seen: dict[tuple[Any, ...], tuple[Finding, list[int]]] = {}
    for of_rule in reports.values():
        for index, report in enumerate(of_rule):
            for finding in report.findings:
                key = (finding.rule, finding.resources, finding.sentence, finding.severity, finding.evidence)
                seen.setdefault(key, (finding, []))[1].append(index)
    findings = []
    for finding, indices in seen.values():
        if len(set(indices)) < len(chosen):
            when = tuple(dict.fromkeys(" and ".join(chosen[index]) for index in indices))
            findings.append(replace(finding, when=when))
        else:
            findings.append(finding)
    return in_order(findings)


def _views(
    stacks: tuple[Stack, ...], *, policy: SizePolicy | None, changing: bool, listed: frozenset[str]
) -> tuple[list[tuple[View, tuple[str, ...]]], tuple[str, ...], int]:
    cases = {}
    for stack in stacks:
        # Parameters that receive an output. The model puts the output's value in if it contains that stack.
        from_outputs = {
            name: unknown(f"the output {output} of the stack {source}")
            for name, (source, output) in stack.inputs.items()
        }
        cases[stack.key] = parameter_cases(
            stack.template,
            region=stack.region,
            prefix="" if stack.key == "main" else f"{stack.key}/",
            given={**stack.parameters, **from_outputs},
        )
    total = 1
    for of_stack in cases.values():
        total *= len(of_stack.cases) + of_stack.left_out
    views = []
    for choice in islice(product(*(of_stack.cases for of_stack in cases.values())), MAX_CASES):
        model = Model(stacks, dict(zip(cases, choice, strict=True)))
        chosen = tuple(sentence for case in choice for sentence in case.chosen)
        views.append((View(model, policy=policy, changing=changing, listed=listed), chosen))
    assumed = tuple(sentence for of_stack in cases.values() for sentence in of_stack.assumed)
    return views, assumed, max(0, total - len(views))


def _stacks(given: Provable | Iterable[Provable], region: str, parameters: Mapping[str, Any]) -> Iterable[Stack]:
    if isinstance(given, CompiledDesign):
        for compiled in given.stacks:
            yield _compiled(compiled)
    elif isinstance(given, CompiledTemplate):
        yield _compiled(given)
    elif isinstance(given, Stack):
        yield given
    elif isinstance(given, Mapping):
        yield Stack(template=given, region=region, parameters=parameters)
    else:
        for one in given:
            yield from _stacks(one, region, parameters)


def _compiled(compiled: CompiledTemplate) -> Stack:
    return Stack(
        template=json.loads(compiled.body),
        region=compiled.region,
        key=compiled.stack,
        parameters=compiled.parameters,
        inputs={needed.parameter: (needed.stack, needed.output) for needed in compiled.inputs},
        tags=compiled.tags,
        termination_protection=compiled.termination_protection,
        stack_policy=compiled.stack_policy,
        runs=tuple(TaskRun(s.task_definition, s.security_groups, s.subnets) for s in compiled.tasks),
    )

"""Writes the shell script of an exported plan: packages, stacks in order with what each hands on,
and the tasks afterwards.

Names (of stacks, regions, outputs, …) must consist of plain characters; any other text is quoted
for the shell. A value that one stack takes from another remains JSON from AWS's answer to AWS's
request, so that no quote or line break in it can change the request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from shlex import quote

from provisioning.cloudformation_limits import MAX_INLINE_BYTES
from provisioning.errors import Refused
from provisioning.lifecycle.plan_document import PlannedStack, StackedPlan, StackInput, Task

_HEAD = """\
#!/bin/sh
# {title}: plan {digest}
# Creates what the portal's plan says, without the portal. Needs the AWS CLI, version 2, signed in to the account below.
# The portal knows nothing of stacks that this script makes: it neither watches them nor tears them down.
set -eu
cd "$(dirname "$0")"

account={account}
signed_in=$(aws sts get-caller-identity --query Account --output text)
if [ "$signed_in" != "$account" ]; then
  printf 'This plan is for the account %s, and you are signed in to %s.\\n' "$account" "$signed_in" >&2
  exit 1
fi
"""
_PARAMETER = """
# parameter REGION STACK OUTPUT NAME: a parameter, as JSON, whose value is an output of a stack that exists
parameter() {
  found=$(aws cloudformation describe-stacks --region "$1" --stack-name "$2" --query "Stacks[0].Outputs[?OutputKey=='$3'] | [0].{ParameterKey: '$4', ParameterValue: OutputValue}" --output json)
  if [ "$found" = null ]; then
    printf 'The stack %s has no output %s.\\n' "$2" "$3" >&2
    exit 1
  fi
  printf '%s' "$found"
}
"""
_PHYSICAL = """
# physical LOGICAL_ID: what a resource of the main stack is called in AWS
physical() {{
  aws cloudformation describe-stack-resource --region {region} --stack-name {stack} --logical-resource-id "$1" --query StackResourceDetail.PhysicalResourceId --output text
}}
"""
_TEMPLATE_BUCKET = """\
if [ -z "${{TEMPLATE_BUCKET:-}}" ]; then
  printf 'Set TEMPLATE_BUCKET to a bucket of yours in %s: a template has more than {limit} bytes.\\n' {region} >&2
  exit 1
fi"""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]{0,1023}")


def deploy_script(plan: StackedPlan, *, name: str, digest: str) -> str:
    """Return the POSIX shell script that deploys the plan's stacks in order and then runs its
    tasks.

    Raises Refused if a name of the plan could not be a name in AWS.
    """
    _check_names(plan)
    parts = [_HEAD.format(title=_in_comment(name), digest=_in_comment(digest), account=quote(plan.account_id))]
    if any(stack.inputs for stack in plan.stacks):
        parts.append(_PARAMETER)
    parts.extend("\n" + "\n".join(_stack(stack, plan)) + "\n" for stack in plan.stacks)
    if plan.tasks:
        parts.append(_PHYSICAL.format(region=quote(plan.main.region), stack=quote(plan.main.name)))
        parts.extend("\n" + "\n".join(_task(task, plan.main.region)) + "\n" for task in plan.tasks)
    parts.append(f"\nprintf '%s exists.\\n' {quote(name)}\n")
    return "".join(parts)


def _check_names(plan: StackedPlan) -> None:
    """Refuse a name that a file name, a query or an option of the AWS CLI could not contain."""
    for stack in plan.stacks:
        names = [stack.key, stack.name, stack.region, *stack.capabilities]
        names += [part for each in stack.inputs for part in (each.parameter, each.stack, each.output)]
        names += [part for each in stack.artefacts for part in (each.key, each.sha256)]
        names += [stack.artefact_bucket] if stack.artefacts else []
        _check(names, what=f"the stack {stack.key[:60]}")
        if "/" in stack.key:
            raise Refused(f"The plan has a stack with the key “{stack.key[:60]}”, which cannot be part of a file name.")
    for task in plan.tasks:
        names = [task.cluster, task.task_definition, *task.subnets, *task.security_groups, task.launch_type]
        _check(names, what=f"the task {task.title[:60]}")


def _check(names: list[str], *, what: str) -> None:
    if wrong := next((name for name in names if not _NAME.fullmatch(name)), None):
        raise Refused(
            f"The plan cannot be exported: {what} has the name “{wrong[:60]}”, which AWS would not accept. Request the "
            "environment again."
        )


def _in_comment(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def _stack(stack: PlannedStack, plan: StackedPlan) -> Iterator[str]:
    key, region, name = stack.key, quote(stack.region), quote(stack.name)
    yield f"# {key}, in {stack.region}"
    for artefact in stack.artefacts:
        body = quote(f"artefacts/{artefact.sha256}.zip")
        yield (
            f"aws s3api put-object --region {region} --bucket {quote(stack.artefact_bucket)} "
            f"--key {quote(artefact.key)} --body {body} >/dev/null"
        )
    parameters = f"file://{quote(f'{key}.parameters.json')}"
    if stack.inputs:
        yield from (_read_input(number, value, plan) for number, value in enumerate(stack.inputs, start=1))
        fixed = (_parameter(*each) for each in stack.parameters.items())
        parameters = " ".join([*fixed, *(f'"$input_{number}"' for number, _ in enumerate(stack.inputs, start=1))])
    if len(stack.body.encode()) > MAX_INLINE_BYTES:
        yield from _upload_template(stack)
    options = [
        f"aws cloudformation create-stack --region {region} --stack-name {name}",
        _template_option(stack),
        f"--parameters {parameters}",
        f"--tags file://{quote(f'{key}.tags.json')}",
        f"--capabilities {' '.join(map(quote, stack.capabilities))}",
    ]
    if stack.stack_policy:
        options.append(f"--stack-policy-body file://{quote(f'{key}.policy.json')}")
    if stack.termination_protection:
        options.append("--enable-termination-protection")
    if stack.express:
        options.append("--deployment-config Mode=EXPRESS,DisableRollback=false")
    yield " \\\n  ".join(options)
    yield f"aws cloudformation wait stack-create-complete --region {region} --stack-name {name}"


def _read_input(number: int, value: StackInput, plan: StackedPlan) -> str:
    source = plan.stack(value.stack)
    words = " ".join(map(quote, (source.region, source.name, value.output, value.parameter)))
    return f"input_{number}=$(parameter {words})"


def _parameter(name: str, value: str) -> str:
    """One parameter as the AWS CLI takes it next to others: a JSON object."""
    return quote(json.dumps({"ParameterKey": name, "ParameterValue": value}, ensure_ascii=False))


def _upload_template(stack: PlannedStack) -> Iterator[str]:
    """Upload a template that is too long to be sent inline."""
    file, region = quote(f"{stack.key}.template.json"), quote(stack.region)
    yield _TEMPLATE_BUCKET.format(limit=MAX_INLINE_BYTES, region=region)
    yield f'aws s3api put-object --region {region} --bucket "$TEMPLATE_BUCKET" --key {file} --body {file} >/dev/null'


def _template_option(stack: PlannedStack) -> str:
    file = f"{stack.key}.template.json"
    if len(stack.body.encode()) <= MAX_INLINE_BYTES:
        return f"--template-body file://{quote(file)}"
    return f'--template-url "https://$TEMPLATE_BUCKET.s3."{quote(stack.region)}.amazonaws.com/{quote(file)}'


def _task(task: Task, region: str) -> Iterator[str]:
    subnets = ",".join(f"$(physical {quote(name)})" for name in task.subnets)
    groups = ",".join(f"$(physical {quote(name)})" for name in task.security_groups)
    public = "ENABLED" if task.assign_public_ip else "DISABLED"
    place = quote(region)
    title = _in_comment(task.title)
    yield f"# Afterwards, {title}"
    yield f"cluster=$(physical {quote(task.cluster)})"
    yield f"task=$(physical {quote(task.task_definition)})"
    yield f'network="awsvpcConfiguration={{subnets=[{subnets}],securityGroups=[{groups}],assignPublicIp={public}}}"'
    yield (
        f'started=$(aws ecs run-task --region {place} --cluster "$cluster" --task-definition "$task" '
        f'--launch-type {quote(task.launch_type)} --network-configuration "$network" '
        "--query 'tasks[0].taskArn' --output text)"
    )
    yield f'aws ecs wait tasks-stopped --region {place} --cluster "$cluster" --tasks "$started"'
    yield (
        f'ended=$(aws ecs describe-tasks --region {place} --cluster "$cluster" --tasks "$started" '
        "--query 'tasks[0].containers[0].exitCode' --output text)"
    )
    failure = quote(f"{title} failed: see the log group of the task.")
    yield f"if [ \"$ended\" != 0 ]; then\n  printf '%s\\n' {failure} >&2\n  exit 1\nfi"

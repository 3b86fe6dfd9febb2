"""Writes the shell script of an exported plan: packages, stacks in order with what each hands on,
and the tasks afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from provisioning.cloudformation_limits import MAX_INLINE_BYTES
from provisioning.lifecycle.plan_document import CreatePlan, PlannedStack, Task

_HEAD = """\
#!/bin/sh
# {name}: plan {digest}
# Creates what the portal's plan says, without the portal. Needs the AWS CLI, version 2, signed in to account {account}.
# The portal knows nothing of stacks that this script makes: it neither watches them nor tears them down.
set -eu
cd "$(dirname "$0")"

signed_in=$(aws sts get-caller-identity --query Account --output text)
if [ "$signed_in" != {account} ]; then
  echo "This plan is for the account {account}, and you are signed in to $signed_in." >&2
  exit 1
fi
"""
_OUTPUT = """
# output REGION STACK NAME: a value of a stack that is there already
output() {
  aws cloudformation describe-stacks --region "$1" --stack-name "$2" --query "Stacks[0].Outputs[?OutputKey=='$3'].OutputValue" --output text
}

# fill_in FILE MARK VALUE: put a value where its mark stands
fill_in() {
  value=$(printf '%s' "$3" | sed 's/[&|\\\\]/\\\\&/g')
  sed "s|$2|$value|" "$1" >"$1.filled"
  mv "$1.filled" "$1"
}
"""
_PHYSICAL = """
# physical LOGICAL_ID: what a resource of the main stack is called in AWS
physical() {
  aws cloudformation describe-stack-resource --region %s --stack-name %s --logical-resource-id "$1" --query StackResourceDetail.PhysicalResourceId --output text
}
"""


def deploy_script(plan: CreatePlan, *, name: str, digest: str) -> str:
    """Return the POSIX shell script that deploys the plan's stacks in order and then runs its
    tasks.
    """
    parts = [_HEAD.format(name=name, digest=digest, account=plan.account_id)]
    if any(stack.inputs for stack in plan.stacks):
        parts.append(_OUTPUT)
    parts.extend("\n" + "\n".join(_stack(stack, plan)) + "\n" for stack in plan.stacks)
    if plan.tasks:
        parts.append(_PHYSICAL % (quote(plan.main.region), quote(plan.main.name)))
        parts.extend("\n" + "\n".join(_task(task, plan.main.region)) + "\n" for task in plan.tasks)
    parts.append(f"\necho {quote(f'{name} is there.')}\n")
    return "".join(parts)


def _stack(stack: PlannedStack, plan: CreatePlan) -> Iterator[str]:
    key, region, name = stack.key, quote(stack.region), quote(stack.name)
    yield f"# {key}, in {stack.region}"
    for artefact in stack.artefacts:
        body = quote(f"artefacts/{artefact.sha256}.zip")
        yield (
            f"aws s3api put-object --region {region} --bucket {quote(stack.artefact_bucket)} "
            f"--key {quote(artefact.key)} --body {body} >/dev/null"
        )
    parameters = f"{key}.parameters.json"
    if stack.inputs:
        parameters = f"{key}.parameters.filled.json"
        yield f"cp {quote(f'{key}.parameters.json')} {quote(parameters)}"
        for value in stack.inputs:
            source = plan.stack(value.stack)
            read = f"output {quote(source.region)} {quote(source.name)} {quote(value.output)}"
            yield f'fill_in {quote(parameters)} {quote(f"@{value.stack}.{value.output}@")} "$({read})"'
    if len(stack.body.encode()) > MAX_INLINE_BYTES:
        yield from _upload_template(stack)
    options = [
        f"aws cloudformation create-stack --region {region} --stack-name {name}",
        _template_option(stack),
        f"--parameters file://{quote(parameters)}",
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


def _upload_template(stack: PlannedStack) -> Iterator[str]:
    """A template that is too long to be sent goes through a bucket."""
    file, region = quote(f"{stack.key}.template.json"), quote(stack.region)
    yield (
        f"template_bucket=${{TEMPLATE_BUCKET:?is needed: a bucket of yours in {stack.region}, "
        f"for a template of more than {MAX_INLINE_BYTES} bytes}}"
    )
    yield f'aws s3api put-object --region {region} --bucket "$template_bucket" --key {file} --body {file} >/dev/null'


def _template_option(stack: PlannedStack) -> str:
    file = f"{stack.key}.template.json"
    if len(stack.body.encode()) <= MAX_INLINE_BYTES:
        return f"--template-body file://{quote(file)}"
    return f'--template-url "https://$template_bucket.s3.{stack.region}.amazonaws.com/{file}"'


def _task(task: Task, region: str) -> Iterator[str]:
    subnets = ",".join(f"$(physical {quote(name)})" for name in task.subnets)
    groups = ",".join(f"$(physical {quote(name)})" for name in task.security_groups)
    public = "ENABLED" if task.assign_public_ip else "DISABLED"
    place = quote(region)
    title = "".join(character if character.isprintable() else " " for character in task.title)
    yield f"# Afterwards, {title}"
    yield f'cluster="$(physical {quote(task.cluster)})"'
    yield f'task="$(physical {quote(task.task_definition)})"'
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
    yield f'if [ "$ended" != 0 ]; then\n  echo {failure} >&2\n  exit 1\nfi'

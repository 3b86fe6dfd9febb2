"""Writes the shell script of an exported plan: packages, stacks in order with what each hands on, and the tasks afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from shlex import quote
from typing import Any

from provisioning.cloudformation_limits import MAX_INLINE_BYTES

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


def deploy_script(content: Mapping[str, Any], *, name: str, digest: str) -> str:
    stacks = content["stacks"]
    parts = [_HEAD.format(name=name, digest=digest, account=content["account_id"])]
    if any(stack["handed"] for stack in stacks):
        parts.append(_OUTPUT)
    places = {stack["stack"]: (stack["region"], stack["stack_name"]) for stack in stacks}
    parts.extend("\n" + "\n".join(_stack(stack, places)) + "\n" for stack in stacks)
    if content["after"]:
        region, main = places[stacks[-1]["stack"]]
        parts.append(_PHYSICAL % (quote(region), quote(main)))
        parts.extend("\n" + "\n".join(_task(step, region)) + "\n" for step in content["after"])
    parts.append(f"\necho {quote(f'{name} is there.')}\n")
    return "".join(parts)


def _stack(stack: Mapping[str, Any], places: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    key, region, name = stack["stack"], quote(stack["region"]), quote(stack["stack_name"])
    yield f"# {key}, in {stack['region']}"
    for made in stack["artefacts"]:
        body = quote(f"artefacts/{made['sha256']}.zip")
        yield (
            f"aws s3api put-object --region {region} --bucket {quote(stack['artefact_bucket'])} "
            f"--key {quote(made['key'])} --body {body} >/dev/null"
        )
    parameters = f"{key}.parameters.json"
    if stack["handed"]:
        parameters = f"{key}.parameters.filled.json"
        yield f"cp {quote(f'{key}.parameters.json')} {quote(parameters)}"
        for handed in stack["handed"]:
            of_region, of_name = places[handed["stack"]]
            read = f"output {quote(of_region)} {quote(of_name)} {quote(handed['output'])}"
            yield f'fill_in {quote(parameters)} {quote("@" + handed["stack"] + "." + handed["output"] + "@")} "$({read})"'
    if len(stack["body"].encode()) > MAX_INLINE_BYTES:
        yield from _upload(stack)
    options = [
        f"aws cloudformation create-stack --region {region} --stack-name {name}",
        _template(stack),
        f"--parameters file://{quote(parameters)}",
        f"--tags file://{quote(f'{key}.tags.json')}",
        f"--capabilities {' '.join(map(quote, stack['capabilities']))}",
    ]
    if stack["stack_policy"]:
        options.append(f"--stack-policy-body file://{quote(f'{key}.policy.json')}")
    if stack["termination_protection"]:
        options.append("--enable-termination-protection")
    if stack["express"]:
        options.append("--deployment-config Mode=EXPRESS,DisableRollback=false")
    yield " \\\n  ".join(options)
    yield f"aws cloudformation wait stack-create-complete --region {region} --stack-name {name}"


def _upload(stack: Mapping[str, Any]) -> Iterator[str]:
    """A template that is too long to be sent goes through a bucket."""
    file, region = quote(f"{stack['stack']}.template.json"), quote(stack["region"])
    yield (
        f"template_bucket=${{TEMPLATE_BUCKET:?is needed: a bucket of yours in {stack['region']}, "
        f"for a template of more than {MAX_INLINE_BYTES} bytes}}"
    )
    yield f'aws s3api put-object --region {region} --bucket "$template_bucket" --key {file} --body {file} >/dev/null'


def _template(stack: Mapping[str, Any]) -> str:
    file = f"{stack['stack']}.template.json"
    if len(stack["body"].encode()) <= MAX_INLINE_BYTES:
        return f"--template-body file://{quote(file)}"
    return f'--template-url "https://$template_bucket.s3.{stack["region"]}.amazonaws.com/{file}"'


def _task(step: Mapping[str, Any], region: str) -> Iterator[str]:
    subnets = ",".join(f"$(physical {quote(name)})" for name in step["subnets"])
    groups = ",".join(f"$(physical {quote(name)})" for name in step["security_groups"])
    public = "ENABLED" if step["assign_public_ip"] else "DISABLED"
    place = quote(region)
    title = "".join(character if character.isprintable() else " " for character in step["title"])
    yield f"# Afterwards, {title}"
    yield f'cluster="$(physical {quote(step["cluster"])})"'
    yield f'task="$(physical {quote(step["task_definition"])})"'
    yield f'network="awsvpcConfiguration={{subnets=[{subnets}],securityGroups=[{groups}],assignPublicIp={public}}}"'
    yield (
        f'started=$(aws ecs run-task --region {place} --cluster "$cluster" --task-definition "$task" '
        f'--launch-type {quote(step["launch_type"])} --network-configuration "$network" '
        "--query 'tasks[0].taskArn' --output text)"
    )
    yield f'aws ecs wait tasks-stopped --region {place} --cluster "$cluster" --tasks "$started"'
    yield (
        f'ended=$(aws ecs describe-tasks --region {place} --cluster "$cluster" --tasks "$started" '
        "--query 'tasks[0].containers[0].exitCode' --output text)"
    )
    said = quote(f"{title} failed: see the log group of the task.")
    yield f'if [ "$ended" != 0 ]; then\n  echo {said} >&2\n  exit 1\nfi'

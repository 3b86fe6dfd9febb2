"""The onboarding stacks of an account, with their parameters filled in: as a command for the AWS CLI,
as a link to the console, and as a quick-create link.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-create-stacks-quick-create-links.html
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from provisioning.aws.onboarding import STACK, TEAM_TEMPLATE, TEMPLATE, team_stack
from provisioning.aws.regions import partition_of

_CONSOLES: Final[Mapping[str, str]] = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
# What only the account's administrator decides: an update keeps it.
_KEPT: Final = (
    "MakeServiceLinkedRoles",
    "MakeGitHubProvider",
    "AdoptedStacks",
    "FormerEnvironments",
    "FormerBuckets",
)
_KEPT_FOR_TEAM: Final = ("Domains",)


@dataclass(frozen=True, slots=True)
class OnboardingStack:
    """A stack that an administrator of the account creates. `kept` names the parameters that an update
    leaves as they are.
    """

    name: str
    region: str
    template: Path
    parameters: Mapping[str, str]
    kept: tuple[str, ...] = ()

    def create_command(self) -> str:
        return self._command("create-stack", [])

    def update_command(self) -> str:
        return self._command("update-stack", [{"ParameterKey": name, "UsePreviousValue": True} for name in self.kept])

    def _command(self, operation: str, more: Sequence[Mapping[str, object]]) -> str:
        """Return the command for a POSIX shell. The parameters are JSON, since the short form of the AWS
        CLI splits values at commas.
        """
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters.items()]
        words = {
            "--stack-name": self.name,
            "--region": self.region,
            "--template-body": f"file://{self.template.name}",
            "--capabilities": "CAPABILITY_NAMED_IAM",
            "--parameters": json.dumps([*given, *more], separators=(",", ":")),
        }
        lines = [f"{option} {shlex.quote(text)}" for option, text in words.items()]
        return " \\\n  ".join([f"aws cloudformation {operation}", *lines])

    def console_url(self) -> str:
        """The console's page that creates a stack from an uploaded template."""
        return f"{self._console()}#/stacks/create"

    def quick_create_url(self, template_url: str) -> str:
        """The console's page with everything filled in. The template has to be in S3."""
        query = {"templateURL": template_url, "stackName": self.name}
        query |= {f"param_{key}": value for key, value in self.parameters.items()}
        parts = "&".join(f"{key}={quote(value, safe='')}" for key, value in query.items())
        return f"{self._console()}#/stacks/create/review?{parts}"

    def _console(self) -> str:
        domain = _CONSOLES.get(partition_of(self.region), _CONSOLES["aws"])
        return f"https://{self.region}.{domain}/cloudformation/home?region={self.region}"


def account_stacks(regions: Sequence[str], *, principal_arn: str, external_id: str) -> list[OnboardingStack]:
    """Return the stack of each region, the main region first. Only there it creates the roles."""
    return [
        OnboardingStack(
            name=STACK,
            region=region,
            template=TEMPLATE,
            parameters={
                "PortalPrincipalArn": principal_arn,
                "ExternalId": external_id,
                "FirstRegion": str(number == 0).lower(),
            },
            kept=_KEPT,
        )
        for number, region in enumerate(regions)
    ]


def team_onboarding_stack(
    key: str, *, region: str, account_id: str, partition: str, hosted_zones: Sequence[str], secrets: Sequence[str]
) -> OnboardingStack:
    """Return the stack of a team. `secrets` are names, folders of names and ARNs, as the portal lists
    them.
    """
    zones = [f"arn:{partition}:route53:::hostedzone/{zone}" for zone in hosted_zones]
    arns = [_secret_arn(secret, account_id=account_id, partition=partition) for secret in secrets]
    return OnboardingStack(
        name=team_stack(key),
        region=region,
        template=TEAM_TEMPLATE,
        parameters={"Team": key, "HostedZones": ",".join(zones), "Secrets": ",".join(arns)},
        kept=_KEPT_FOR_TEAM,
    )


def _secret_arn(secret: str, *, account_id: str, partition: str) -> str:
    """Return the ARN for a policy: AWS ends the ARN of every secret with six characters of its own."""
    if secret.startswith("arn:"):
        return secret
    ending = "" if secret.endswith("/*") else "-??????"
    return f"arn:{partition}:secretsmanager:*:{account_id}:secret:{secret}{ending}"

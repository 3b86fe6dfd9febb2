"""A simulated account as an administrator leaves it: both onboarding templates deployed, by the account itself.

Everything else is done as role/portal with the external id, and CloudFormation acts as the team's role.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from provisioning.aws import onboarding
from tests.fixtures.sandbox import Sandbox

EXTERNAL_ID = "an-external-id-of-a-test"
_CONFIG = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}, inject_host_prefix=False)


@dataclass
class OnboardedAccount:
    """An account with its stack roles, by team key; `client` calls as the portal."""

    sandbox: Sandbox
    account_id: str
    regions: set[str] = field(default_factory=set)
    teams: set[str] = field(default_factory=set)
    _keys: dict[str, str] = field(default_factory=dict)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def onboard(self, region: str, **parameters: str) -> None:
        """Deploy the account's stack in a region: the first gets all of it, others the bucket and the queue."""
        if region in self.regions:
            return
        wanted = {
            "PortalPrincipalArn": f"arn:aws:iam::{self.account_id}:user/portal",
            "ExternalId": EXTERNAL_ID,
            "FirstRegion": "false" if self.regions else "true",
            **parameters,
        }
        self._deploy(onboarding.STACK, onboarding.TEMPLATE.read_text("utf-8"), wanted, region)
        self.regions.add(region)

    def onboard_team(self, team_key: str, region: str, **parameters: str) -> str:
        """Deploy the team's stack, and return the ARN of its stack role."""
        if team_key not in self.teams:
            body = onboarding.TEAM_TEMPLATE.read_text("utf-8")
            self._deploy(onboarding.team_stack(team_key), body, {"Team": team_key, **parameters}, region)
            self.teams.add(team_key)
        return onboarding.stack_role_arn(self.account_id, team_key)

    def _deploy(self, name: str, body: str, parameters: dict[str, str], region: str) -> None:
        place = {"region": region, "account": self.account_id}
        given = [{"ParameterKey": key, "ParameterValue": text} for key, text in parameters.items()]
        status = self.sandbox.create(name, body, Parameters=given, **place)
        events = self.sandbox.events(name, **place)
        reasons = [one.get("ResourceStatusReason") for one in events if "FAILED" in one["ResourceStatus"]]
        assert status == "CREATE_COMPLETE", reasons

    def client(self, service: str, region: str) -> Any:
        """Plain boto3 as the session of role/portal."""
        if not self._keys:
            sts = self.sandbox.client("sts", region, self.account_id)
            role = onboarding.portal_role_arn(self.account_id)
            assumed = sts.assume_role(RoleArn=role, RoleSessionName="portal", ExternalId=EXTERNAL_ID)
            self._keys = assumed["Credentials"]
        if (service, region) not in self._clients:
            self._clients[service, region] = boto3.client(
                service,
                endpoint_url=self.sandbox.url,
                region_name=region,
                aws_access_key_id=self._keys["AccessKeyId"],
                aws_secret_access_key=self._keys["SecretAccessKey"],
                aws_session_token=self._keys["SessionToken"],
                config=_CONFIG,
            )
        return self._clients[service, region]

    def denials(self) -> list[str]:
        """Every refusal in this account, in a sentence each with the deciding statement."""
        listed = self.sandbox.control("GET", "permissions")["denials"]
        return [f"{one['place']}: {one['explanation']}" for one in listed if f":{self.account_id}:" in one["caller"]]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

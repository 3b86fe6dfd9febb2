"""Roles of a simulated account, and plain boto3 as their sessions."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from tests.fixtures.sandbox import REGION, Sandbox

EXTERNAL_ID = "an-external-id-of-charlie"
_CONFIG = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}, inject_host_prefix=False)


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, resource: str | list[str] = "*", **condition: dict[str, Any]) -> dict[str, Any]:
    more = {"Condition": condition} if condition else {}
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def deny(*actions: str, resource: str = "*", **condition: dict[str, Any]) -> dict[str, Any]:
    return {**allow(*actions, resource=resource, **condition), "Effect": "Deny"}


@dataclass
class Session:
    """A role's session: a client of any service with its keys."""

    sandbox: Sandbox
    keys: dict[str, str]
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, service: str, region: str = REGION) -> Any:
        if (service, region) not in self._clients:
            self._clients[service, region] = boto3.client(
                service,
                endpoint_url=self.sandbox.url,
                region_name=region,
                aws_access_key_id=self.keys["AccessKeyId"],
                aws_secret_access_key=self.keys["SecretAccessKey"],
                aws_session_token=self.keys["SessionToken"],
                config=_CONFIG,
            )
        return self._clients[service, region]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


@dataclass
class Place:
    """One simulated account with the roles of one story."""

    sandbox: Sandbox
    account: str
    _sessions: list[Session] = field(default_factory=list)

    def root(self, service: str, region: str = REGION) -> Any:
        return self.sandbox.client(service, region, self.account)

    def role(self, name: str, *statements: dict[str, Any], service: str = "", **more: Any) -> str:
        """A role that the account (or the service) may assume, with one inline policy. Returns its ARN."""
        principal = {"Service": service} if service else {"AWS": f"arn:aws:iam::{self.account}:root"}
        trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        iam = self.root("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust), **more)["Role"]["Arn"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="policy", PolicyDocument=policy(*statements))
        return str(arn)

    def session(self, role_arn: str, **more: Any) -> Session:
        assumed = self.root("sts").assume_role(RoleArn=role_arn, RoleSessionName="charlie", **more)
        session = Session(self.sandbox, assumed["Credentials"])
        self._sessions.append(session)
        return session

    def stack_role(self, name: str, *statements: dict[str, Any], **more: Any) -> str:
        return self.role(name, *statements, service="cloudformation.amazonaws.com", **more)

    def failures(self, stack: str) -> dict[str, str]:
        """Why resources of a stack failed, without those that were cancelled for it."""
        events = self.sandbox.events(stack, account=self.account)
        return {
            event["LogicalResourceId"]: event["ResourceStatusReason"]
            for event in events
            if event["ResourceStatus"].endswith("_FAILED")
            and event["ResourceType"] != "AWS::CloudFormation::Stack"
            and "cancelled" not in event["ResourceStatusReason"]
        }

    def denials(self) -> list[dict[str, str]]:
        listed = self.sandbox.control("GET", "permissions")["denials"]
        return [one for one in listed if f":{self.account}:" in one["caller"]]

    def close(self) -> None:
        for session in self._sessions:
            session.close()

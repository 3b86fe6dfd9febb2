"""boto3 clients for one account and region, with the right credentials or none.

An account with a role is reached through that role only, never with the portal's own credentials,
not even after a failure. The role's credentials are refreshed automatically. Before the first call
that changes something, GetCallerIdentity verifies that they belong to the intended account.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, overload

from botocore.config import Config
from botocore.credentials import CredentialProvider, CredentialResolver, Credentials, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError
from botocore.handlers import json_decode_template_body
from botocore.loaders import Loader
from botocore.session import Session

from provisioning.aws.client_mixin import CallGuard
from provisioning.aws.endpoints import GuardedSession
from provisioning.aws.error_codes import translate
from provisioning.aws.errors import WrongAccount
from provisioning.aws.interface import AccountAccess
from provisioning.aws.rate_limiter import CallLimiter
from provisioning.outgoing import Guard

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling import ApplicationAutoScalingClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_efs import EFSClient
    from mypy_boto3_elasticache import ElastiCacheClient
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sts import STSClient
    from mypy_boto3_wafv2 import WAFV2Client

ROLE_SESSION_SECONDS: Final = 3600
"""The maximum that AWS allows when one role assumes another."""
ROLE_SESSION_NAME: Final = "portal"

CONNECT_SECONDS: Final = 3
READ_SECONDS: Final = 10
"""Together no more than `permits.CALL_SECONDS`, which the engine's leases rely on."""
CONNECTIONS: Final = 20

# AWS's service models are large. All sessions of the process share this loader, so each is read once.
_LOADER: Final = Loader()


class _Fixed(CredentialProvider):
    """A credential provider with fixed credentials, so that no chain can fall back to others."""

    METHOD = CANONICAL_NAME = "portal"

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def load(self) -> Credentials:
        return self._credentials


T = TypeVar("T")


class Service(Generic[T]):
    """The client of one service, created on first use."""

    def __init__(self, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Service[T]: ...
    @overload
    def __get__(self, instance: Clients, owner: type) -> T: ...
    def __get__(self, instance: Clients | None, owner: type) -> Service[T] | T:
        if instance is None:
            return self
        client: T = instance.client(self.name)
        return client


class Clients:
    """One client per service, all behind one `CallGuard`. Thread-safe."""

    application_autoscaling: Service[ApplicationAutoScalingClient] = Service("application-autoscaling")
    cloudformation: Service[CloudFormationClient] = Service("cloudformation")
    ec2: Service[EC2Client] = Service("ec2")
    ecs: Service[ECSClient] = Service("ecs")
    efs: Service[EFSClient] = Service("efs")
    elasticache: Service[ElastiCacheClient] = Service("elasticache")
    elbv2: Service[ElasticLoadBalancingv2Client] = Service("elbv2")
    iam: Service[IAMClient] = Service("iam")
    kms: Service[KMSClient] = Service("kms")
    logs: Service[CloudWatchLogsClient] = Service("logs")
    rds: Service[RDSClient] = Service("rds")
    s3: Service[S3Client] = Service("s3")
    secretsmanager: Service[SecretsManagerClient] = Service("secretsmanager")
    sts: Service[STSClient] = Service("sts")
    tagging: Service[ResourceGroupsTaggingAPIClient] = Service("resourcegroupstaggingapi")
    wafv2: Service[WAFV2Client] = Service("wafv2")

    def __init__(self, access: AccountAccess, limiter: CallLimiter) -> None:
        self.access = access
        self._lock = threading.RLock()
        self._clients: dict[str, Any] = {}
        self._verified = False
        guard = CallGuard(access.account_id, access.region, limiter, self.verify)
        self._guarded = _guarded_session(access) if access.endpoint_url else None
        self._own_session = self._make_own_session(guard)
        self._own_sts: Any = None
        self._session = self._make_role_session(guard) if access.role_arn else self._own_session

    def client(self, service: str) -> Any:
        """Returns the client of a service by botocore's name. It is cached only once it is
        complete.
        """
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._create(self._session, service)
            return self._clients[service]

    def verify(self) -> None:
        """Raises WrongAccount unless the credentials belong to the intended account. Asks AWS until
        that succeeded once.
        """
        if self._verified:
            return
        actual = self.sts.get_caller_identity()["Account"]
        if actual != self.access.account_id:
            raise WrongAccount(
                f"The credentials belong to account {actual}, not to account {self.access.account_id}. Nothing was changed",
                operation="sts:GetCallerIdentity",
                code="WrongAccount",
            )
        self._verified = True

    def close(self) -> None:
        """Closes all connections. The clients open new ones if they are used again."""
        with self._lock:
            for client in (*self._clients.values(), self._own_sts):
                if client is not None:
                    client.close()
            if self._guarded is not None:
                self._guarded.close()

    def _make_own_session(self, guard: CallGuard) -> Session:
        """Uses the credentials of the portal's process (environment, profile or instance role), but
        never for an emulator.
        """
        if self.access.endpoint_url:
            # Emulators take an access key of twelve digits as the account's id.
            return _session_with(Credentials(self.access.account_id, "emulator"), guard, self._guarded)
        return _plain_session(guard)

    def _make_role_session(self, guard: CallGuard) -> Session:
        # Deferred: this makes no call, and a role that cannot be assumed yields no credentials at all.
        renewing = DeferredRefreshableCredentials(refresh_using=self._assume_role, method="assume-role")
        return _session_with(renewing, guard, self._guarded)

    def _assume_role(self) -> dict[str, str]:
        """Called by botocore's refreshable credentials: at first use, and shortly before each hour
        is over.
        """
        with self._lock:
            if self._own_sts is None:
                self._own_sts = self._create(self._own_session, "sts")
        request: dict[str, Any] = {
            "RoleArn": self.access.role_arn,
            "RoleSessionName": ROLE_SESSION_NAME,
            "DurationSeconds": ROLE_SESSION_SECONDS,
        }
        if self.access.external_id:
            request["ExternalId"] = self.access.external_id
        answer = self._own_sts.assume_role(**request)["Credentials"]
        return {
            "access_key": answer["AccessKeyId"],
            "secret_key": answer["SecretAccessKey"],
            "token": answer["SessionToken"],
            "expiry_time": answer["Expiration"].isoformat(),
        }

    def _create(self, session: Session, service: str) -> Any:
        try:
            return session.create_client(
                service,
                region_name=self.access.region,
                endpoint_url=self.access.endpoint_url or None,
                config=_config(self.access),
            )
        except BotoCoreError as error:
            raise translate(
                error, service=service, operation="CreateClient", mutating=False, lost_before=False
            ) from None


def _config(access: AccountAccess) -> Config:
    return Config(  # type: ignore[call-arg]  # the stubs do not know ignore_configured_endpoint_urls
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        # One attempt: a repetition belongs to the engine, which waits until the first can no longer take effect. The guard
        # repeats a call that only reads.
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=CONNECTIONS,
        user_agent_extra="portal",
        # AWS_ENDPOINT_URL in the portal's environment must redirect neither calls to a real account nor calls to an emulator.
        ignore_configured_endpoint_urls=True,
        s3={"addressing_style": "path" if access.endpoint_url else "virtual"},
    )


def _guarded_session(access: AccountAccess) -> GuardedSession:
    return GuardedSession(
        Guard(access.endpoint_rules),
        connect_seconds=CONNECT_SECONDS,
        read_seconds=READ_SECONDS,
        connections=CONNECTIONS,
    )


def _plain_session(guard: CallGuard) -> Session:
    session = Session()
    session.register_component("data_loader", _LOADER)
    # botocore would parse a template that is JSON, but a digest needs the text as it was sent.
    session.unregister("after-call.cloudformation.GetTemplate", json_decode_template_body)  # type: ignore[arg-type]
    guard.install(session)
    return session


def _session_with(credentials: Credentials, guard: CallGuard, guarded: GuardedSession | None) -> Session:
    session = _plain_session(guard)
    if guarded is not None:
        guarded.install(session)
    session.register_component("credential_provider", CredentialResolver([_Fixed(credentials)]))
    return session

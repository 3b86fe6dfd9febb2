"""The operations of REST services that the sandbox knows the rights of, by method and path.

The paths are those of botocore's models; `tests/sandbox/iam` compares them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

_TABLE = """
apigateway GetApi GET /v2/apis/{apiId}
backup DeleteRecoveryPoint DELETE /backup-vaults/{backupVaultName}/recovery-points/{recoveryPointArn}
backup GetBackupPlan GET /backup/plans/{backupPlanId}/
backup GetBackupSelection GET /backup/plans/{backupPlanId}/selections/{selectionId}
backup ListBackupVaults GET /backup-vaults/
backup ListRecoveryPointsByBackupVault GET /backup-vaults/{backupVaultName}/recovery-points/
cloudfront DescribeFunction GET /2020-05-31/function/{Name}/describe
cloudfront GetCachePolicy GET /2020-05-31/cache-policy/{Id}
cloudfront GetCloudFrontOriginAccessIdentity GET /2020-05-31/origin-access-identity/cloudfront/{Id}
cloudfront GetDistribution GET /2020-05-31/distribution/{Id}
cloudfront GetKeyGroup GET /2020-05-31/key-group/{Id}
cloudfront GetOriginAccessControl GET /2020-05-31/origin-access-control/{Id}
cloudfront GetOriginRequestPolicy GET /2020-05-31/origin-request-policy/{Id}
cloudfront GetPublicKey GET /2020-05-31/public-key/{Id}
cloudfront GetResponseHeadersPolicy GET /2020-05-31/response-headers-policy/{Id}
cloudfront ListCachePolicies GET /2020-05-31/cache-policy
cloudfront ListDistributions GET /2020-05-31/distribution
cloudfront ListResponseHeadersPolicies GET /2020-05-31/response-headers-policy
elasticfilesystem DescribeAccessPoints GET /2015-02-01/access-points
elasticfilesystem DescribeFileSystems GET /2015-02-01/file-systems
elasticfilesystem DescribeMountTargets GET /2015-02-01/mount-targets
lambda GetAccountSettings GET /2016-08-19/account-settings
lambda GetEventSourceMapping GET /2015-03-31/event-source-mappings/{UUID}
lambda GetFunctionConfiguration GET /2015-03-31/functions/{FunctionName}/configuration
lambda GetFunctionUrlConfig GET /2021-10-31/functions/{FunctionName}/url
lambda GetLayerVersionByArn GET /2018-10-31/layers?find=LayerVersion
lambda GetPolicy GET /2015-03-31/functions/{FunctionName}/policy
lambda UpdateEventSourceMapping PUT /2015-03-31/event-source-mappings/{UUID}
mq DescribeBrokerInstanceOptions GET /v1/broker-instance-options
mq DescribeBroker GET /v1/brokers/{broker-id}
route53 GetHealthCheck GET /2013-04-01/healthcheck/{HealthCheckId}
route53 GetHostedZone GET /2013-04-01/hostedzone/{Id}
route53 ListHostedZones GET /2013-04-01/hostedzone
route53 ListHostedZonesByName GET /2013-04-01/hostedzonesbyname
route53 ListResourceRecordSets GET /2013-04-01/hostedzone/{Id}/rrset
ses GetAccount GET /v2/email/account
ses GetConfigurationSet GET /v2/email/configuration-sets/{ConfigurationSetName}
ses GetEmailIdentity GET /v2/email/identities/{EmailIdentity}
ses GetEmailTemplate GET /v2/email/templates/{TemplateName}
"""


@dataclass(frozen=True, slots=True)
class Route:
    operation: str
    parameters: Mapping[str, str]


@cache
def _routes() -> dict[tuple[str, str], tuple[tuple[str, re.Pattern[str], tuple[str, ...], str], ...]]:
    """By service and method: operation, path, names of the path's labels, required query."""
    routes: dict[tuple[str, str], tuple[tuple[str, re.Pattern[str], tuple[str, ...], str], ...]] = {}
    for line in _TABLE.split("\n"):
        if line:
            service, operation, method, address = line.split()
            path, _, query = address.partition("?")
            pieces = re.split(r"\{([\w-]+)\}", path.rstrip("/"))
            # A label holds the rest of an ARN or a path too: the wire's %2F has become a slash.
            pattern = "".join("(.+?)" if number % 2 else re.escape(piece) for number, piece in enumerate(pieces))
            row = (operation, re.compile(f"{pattern}/?\\Z"), tuple(pieces[1::2]), query)
            routes[service, method] = (*routes.get((service, method), ()), row)
    return {key: tuple(sorted(rows, key=lambda row: -len(row[1].pattern))) for key, rows in routes.items()}


def find_route(service: str, method: str, path: str, query: Mapping[str, str]) -> Route | None:
    """The operation of a request; None for one that is not in the table."""
    for operation, pattern, labels, required in _routes().get((service, method), ()):
        name, _, text = required.partition("=")
        match = pattern.match(path)
        if match and (not required or query.get(name) == text):
            return Route(operation, dict(zip(labels, match.groups(), strict=True)))
    return None


def known_routes() -> list[tuple[str, str, str, str]]:
    """Service, operation, method and path of each row."""
    rows = (line.split() for line in _TABLE.split("\n") if line)
    return [(service, operation, method, path) for service, operation, method, path in rows]

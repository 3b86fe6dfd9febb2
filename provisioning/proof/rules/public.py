"""Checks what else can face the internet: databases, search domains, function URLs, APIs,
registries, clusters, shares.
"""

from __future__ import annotations

from provisioning.proof.model.template import Resource
from provisioning.proof.model.values import is_unknown, mentioned, shown, truth
from provisioning.proof.model.view import View
from provisioning.proof.rule import Reporter, rule

_DATABASES = (
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBCluster",
    "AWS::Redshift::Cluster",
    "AWS::RedshiftServerless::Workgroup",
    "AWS::AmazonMQ::Broker",
    "AWS::DMS::ReplicationInstance",
)
# If the property is absent, these get a public address in a VPC with an internet gateway.
_PUBLIC_BY_DEFAULT = ("AWS::RDS::DBInstance", "AWS::DMS::ReplicationInstance")


@rule(
    "public.database",
    "No store has a public address",
    severity="high",
    why="A database with a public address is found by scanners within minutes.",
    remedy="Set PubliclyAccessible to false.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-rds-dbinstance.html",
    types=_DATABASES,
)
def database(view: View, report: Reporter) -> None:
    for instance in view.of(*_DATABASES):
        value, where = instance.get("PubliclyAccessible"), instance.at("PubliclyAccessible")
        if truth(value) is True:
            report.fault(instance, f"{instance.key} has a public address.", f"{where} is true")
        elif is_unknown(value):
            report.undecided(
                instance, f"Whether {instance.key} has a public address cannot be determined.", f"{where} is {value}"
            )
        elif value is None and instance.type in _PUBLIC_BY_DEFAULT and instance.get("DBClusterIdentifier") is None:
            _report_default(view, report, instance)
        else:
            detail = "false" if value is not None else "not set, which means false"
            report.passes(instance, f"{where} is {detail}")


def _report_default(view: View, report: Reporter, instance: Resource) -> None:
    """RDS assigns a public address if the property is absent and the subnets' VPC has an internet
    gateway.
    """
    placement = next((s for s in view.network.placements if s.resource is instance), None)
    vpcs = {
        name for s in (view.network.subnets_of(placement) if placement else []) for name in mentioned(s.get("VpcId"))
    }
    gateways = [
        a
        for a in view.of("AWS::EC2::VPCGatewayAttachment")
        if a.get("InternetGatewayId") and vpcs & set(mentioned(a.get("VpcId")))
    ]
    evidence = [f"{instance.at('PubliclyAccessible')} is not set", *(g.key for g in gateways)]
    if vpcs and not gateways:
        report.passes(instance, f"{instance.key}: its VPC has no internet gateway")
    elif gateways:
        report.fault(
            instance,
            f"{instance.key} gets a public address: its VPC has an internet gateway, and PubliclyAccessible is not set.",
            *evidence,
        )
    else:
        report.undecided(instance, f"Whether {instance.key} gets a public address depends on its VPC.", *evidence)


@rule(
    "public.domain",
    "Search domains are inside the network",
    severity="medium",
    why="Without VPC options a domain has a public endpoint, and only its access policy protects it.",
    remedy="Give the domain VPCOptions.",
    source="https://docs.aws.amazon.com/opensearch-service/latest/developerguide/vpc.html",
    types=("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain"),
)
def domain(view: View, report: Reporter) -> None:
    for search_domain in view.of("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain"):
        if search_domain.get("VPCOptions") is None:
            report.fault(
                search_domain,
                f"{search_domain.key} has a public endpoint.",
                f"{search_domain.at('VPCOptions')} is not set",
            )
        else:
            report.passes(
                search_domain, f"{search_domain.key} is in {shown(search_domain.get('VPCOptions.SubnetIds'))}"
            )


@rule(
    "public.function-url",
    "Function URLs authenticate their callers",
    severity="medium",
    why="With AuthType NONE anyone on the internet can invoke the function; only its own code can then reject a call. "
    "Medium, not high: it may be intended, as for webhooks, and it exposes nothing else.",
    remedy="Set AuthType to AWS_IAM, or let the code first check a secret that only the caller knows.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html",
    types=("AWS::Lambda::Url",),
)
def function_url(view: View, report: Reporter) -> None:
    for url in view.of("AWS::Lambda::Url"):
        if url.get("AuthType") == "AWS_IAM":
            report.passes(url, f"{url.at('AuthType')} is AWS_IAM")
        else:
            report.fault(
                url,
                f"Anyone on the internet may call {url.key}.",
                f"{url.at('AuthType')} is {shown(url.get('AuthType'))}",
            )


@rule(
    "public.api",
    "APIs authenticate their callers",
    severity="medium",
    why="A method without authorization is open to the internet: anyone can start what it does, and cause its cost.",
    remedy="Give the method an authorizer, IAM authorization or an API key.",
    source="https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-to-api.html",
    types=("AWS::ApiGateway::Method", "AWS::ApiGatewayV2::Route", "AWS::AppSync::GraphQLApi"),
)
def api(view: View, report: Reporter) -> None:
    for method in view.of("AWS::ApiGateway::Method"):
        if method.get("HttpMethod") == "OPTIONS":
            continue
        guarded = method.get("AuthorizationType", "NONE") != "NONE" or truth(method.get("ApiKeyRequired")) is True
        _asked(report, method, "AuthorizationType", guarded=guarded)
    for route in view.of("AWS::ApiGatewayV2::Route"):
        guarded = route.get("AuthorizationType", "NONE") != "NONE" or truth(route.get("ApiKeyRequired")) is True
        _asked(report, route, "AuthorizationType", guarded=guarded)
    for graph in view.of("AWS::AppSync::GraphQLApi"):
        _asked(report, graph, "AuthenticationType", guarded=graph.get("AuthenticationType") != "API_KEY")


def _asked(report: Reporter, resource: Resource, path: str, *, guarded: bool) -> None:
    detail = f"{resource.at(path)} is {shown(resource.get(path, 'not set'))}"
    if guarded:
        report.passes(resource, detail)
    else:
        report.fault(resource, f"Anyone on the internet may call {resource.key}.", detail)


@rule(
    "public.elsewhere",
    "Nothing else is open to the internet or to other accounts",
    severity="medium",
    why="Each of these types has its own setting that makes it public.",
    remedy="Turn the setting off, or document in the blueprint why it is on.",
    types=(
        "AWS::EKS::Cluster",
        "AWS::SageMaker::NotebookInstance",
        "AWS::RAM::ResourceShare",
        "AWS::ECR::PublicRepository",
        "AWS::MSK::Cluster",
        "AWS::EMR::Cluster",
    ),
)
def elsewhere(view: View, report: Reporter) -> None:
    for cluster in view.of("AWS::EKS::Cluster"):
        public = truth(cluster.get("ResourcesVpcConfig.EndpointPublicAccess", True)) is not False
        wide = cluster.get("ResourcesVpcConfig.PublicAccessCidrs") in (None, ["0.0.0.0/0"])
        _switch(report, cluster, "ResourcesVpcConfig.EndpointPublicAccess", open_=public and wide)
    for notebook in view.of("AWS::SageMaker::NotebookInstance"):
        _switch(report, notebook, "DirectInternetAccess", open_=notebook.get("DirectInternetAccess") != "Disabled")
    for share in view.of("AWS::RAM::ResourceShare"):
        open_ = truth(share.get("AllowExternalPrincipals", True)) is not False
        _switch(report, share, "AllowExternalPrincipals", open_=open_)
    for repository in view.of("AWS::ECR::PublicRepository"):
        _switch(report, repository, "RepositoryName", open_=True)
    for kafka in view.of("AWS::MSK::Cluster"):
        path = "BrokerNodeGroupInfo.ConnectivityInfo.PublicAccess.Type"
        _switch(report, kafka, path, open_=kafka.get(path, "DISABLED") != "DISABLED")


def _switch(report: Reporter, resource: Resource, path: str, *, open_: bool) -> None:
    detail = f"{resource.at(path)} is {shown(resource.get(path, 'not set'))}"
    if open_:
        report.fault(resource, f"{resource.key} is open to the internet or to other accounts.", detail)
    else:
        report.passes(resource, detail)

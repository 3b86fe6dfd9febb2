"""Mutations of networks and security groups."""

from __future__ import annotations

from tests.proof.mutating import (
    Template,
    add,
    att,
    breaks,
    data_table,
    named,
    properties,
    ref,
    resources,
    store_group,
    task,
)

WORLD = "0.0.0.0/0"


def _route(t: Template, **target: object) -> None:
    add(t, "Bad", "AWS::EC2::Route", RouteTableId=ref(data_table(t)), **({"DestinationCidrBlock": WORLD} | target))


@breaks("network.data-to-internet", "high")
def route_from_data_to_nat(t: Template) -> None:
    _route(t, NatGatewayId=ref(named(t, "AWS::EC2::NatGateway")))


@breaks("network.data-to-internet", "high")
def route_from_data_to_internet_gateway(t: Template) -> None:
    _route(t, GatewayId=ref(named(t, "AWS::EC2::InternetGateway")))


@breaks("network.data-to-internet", "high")
def route_from_data_to_half_of_the_internet(t: Template) -> None:
    _route(t, DestinationCidrBlock="128.0.0.0/1", NatGatewayId=ref(named(t, "AWS::EC2::NatGateway")))


@breaks("network.data-to-internet", "high")
def route_from_data_by_egress_only_gateway(t: Template) -> None:
    add(t, "EgressOnly", "AWS::EC2::EgressOnlyInternetGateway", VpcId=ref(named(t, "AWS::EC2::VPC")))
    table = ref(data_table(t))
    add(
        t,
        "Bad",
        "AWS::EC2::Route",
        RouteTableId=table,
        DestinationIpv6CidrBlock="::/0",
        EgressOnlyInternetGatewayId=ref("EgressOnly"),
    )


@breaks("network.data-to-internet", "high")
def route_from_data_by_a_nat_instance(t: Template) -> None:
    _route(t, InstanceId="i-0123456789abcdef0")


@breaks("network.data-to-internet", "high")
def data_subnet_moved_to_the_private_routes(t: Template) -> None:
    table = data_table(t)
    private = named(t, "AWS::EC2::RouteTable", "Private")
    for _, association in resources(t, "AWS::EC2::SubnetRouteTableAssociation"):
        if association["Properties"]["RouteTableId"] == ref(table):
            association["Properties"]["RouteTableId"] = ref(private)
            return


@breaks("network.store-reachable", "medium")
def data_subnet_moved_to_the_public_routes(t: Template) -> None:
    table = data_table(t)
    for _, association in resources(t, "AWS::EC2::SubnetRouteTableAssociation"):
        if association["Properties"]["RouteTableId"] == ref(table):
            association["Properties"]["RouteTableId"] = ref(named(t, "AWS::EC2::RouteTable", "Public"))


@breaks("network.store-reachable", "high")
def database_in_public_with_an_address(t: Template) -> None:
    data_subnet_moved_to_the_public_routes(t)
    properties(t, "AWS::RDS::DBInstance")["PubliclyAccessible"] = True


@breaks("network.store-reachable", "high")
def database_in_public_subnets_admits_the_world(t: Template) -> None:
    group = properties(t, "AWS::RDS::DBSubnetGroup")
    group["SubnetIds"] = [ref(n) for n, _ in resources(t, "AWS::EC2::Subnet") if "Public" in n]
    rule = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIp": WORLD}
    store_group(t)["SecurityGroupIngress"].append(rule)


@breaks("network.data-beyond", "medium")
def route_from_data_to_a_transit_gateway(t: Template) -> None:
    _route(t, DestinationCidrBlock="10.9.0.0/16", TransitGatewayId="tgw-0123456789abcdef0")


@breaks("network.data-beyond", "medium")
def route_from_data_to_a_peering(t: Template) -> None:
    _route(t, DestinationCidrBlock="172.16.0.0/12", VpcPeeringConnectionId="pcx-0123456789abcdef0")


@breaks("network.data-beyond", "medium")
def vpn_routes_propagated_to_data(t: Template) -> None:
    add(t, "Vpn", "AWS::EC2::VPNGateway", Type="ipsec.1")
    add(t, "Bad", "AWS::EC2::VPNGatewayRoutePropagation", RouteTableIds=[ref(data_table(t))], VpnGatewayId=ref("Vpn"))


@breaks("network.data-beyond", "low")
def data_subnet_with_a_foreign_route_table(t: Template) -> None:
    table = data_table(t)
    for _, association in resources(t, "AWS::EC2::SubnetRouteTableAssociation"):
        if association["Properties"]["RouteTableId"] == ref(table):
            association["Properties"]["RouteTableId"] = "rtb-0123456789abcdef0"


@breaks("network.beyond", "low")
def network_is_peered(t: Template) -> None:
    vpc = ref(named(t, "AWS::EC2::VPC"))
    add(t, "Bad", "AWS::EC2::VPCPeeringConnection", VpcId=vpc, PeerVpcId="vpc-0123456789abcdef0")


@breaks("network.unknown-subnet", "medium")
def database_in_foreign_subnets(t: Template) -> None:
    properties(t, "AWS::RDS::DBInstance")["DBSubnetGroupName"] = "somebody-elses"


@breaks("network.unknown-subnet", "medium")
def database_in_no_subnets(t: Template) -> None:
    del properties(t, "AWS::RDS::DBInstance")["DBSubnetGroupName"]


@breaks("network.unknown-subnet", "medium")
def database_in_subnets_of_a_parameter(t: Template) -> None:
    t["Parameters"] = {"Subnets": {"Type": "List<AWS::EC2::Subnet::Id>"}}
    properties(t, "AWS::RDS::DBSubnetGroup")["SubnetIds"] = ref("Subnets")


@breaks("network.store-way-out", "medium")
def file_system_lets_itself_out(t: Template) -> None:
    group = properties(t, "AWS::EFS::MountTarget")["SecurityGroups"][0]["Fn::GetAtt"][0]
    del t["Resources"][group]["Properties"]["SecurityGroupEgress"]


@breaks("network.data-endpoints", "low")
def endpoint_in_the_data_routes(t: Template) -> None:
    properties(t, "AWS::EC2::VPCEndpoint")["RouteTableIds"].append(ref(data_table(t)))


@breaks("network.public-addresses-by-default", "medium")
def data_subnet_hands_out_addresses(t: Template) -> None:
    properties(t, "AWS::EC2::Subnet", "Data")["MapPublicIpOnLaunch"] = True


@breaks("network.flow-logs", "low")
def no_flow_log(t: Template) -> None:
    del t["Resources"][named(t, "AWS::EC2::FlowLog")]


@breaks("network.default-acl-open", "low")
def open_network_acl_on_data(t: Template) -> None:
    subnet = named(t, "AWS::EC2::Subnet", "Data")
    add(t, "Acl", "AWS::EC2::NetworkAcl", VpcId=ref(named(t, "AWS::EC2::VPC")))
    add(t, "AclUse", "AWS::EC2::SubnetNetworkAclAssociation", SubnetId=ref(subnet), NetworkAclId=ref("Acl"))
    rule = {"RuleNumber": 100, "Protocol": -1, "RuleAction": "allow", "CidrBlock": WORLD}
    add(t, "AclEntry", "AWS::EC2::NetworkAclEntry", NetworkAclId=ref("Acl"), **rule)


@breaks("network.public-address", "medium")
def task_gets_a_public_address(t: Template) -> None:
    network = properties(t, "AWS::ECS::Service", "Worker")["NetworkConfiguration"]["AwsvpcConfiguration"]
    network["AssignPublicIp"] = "ENABLED"


@breaks("network.public-address", "high")
def task_stands_open_in_a_public_subnet(t: Template) -> None:
    network = properties(t, "AWS::ECS::Service", "Worker")["NetworkConfiguration"]["AwsvpcConfiguration"]
    network["AssignPublicIp"] = "ENABLED"
    network["Subnets"] = [ref(n) for n, _ in resources(t, "AWS::EC2::Subnet") if "Public" in n]
    group = network["SecurityGroups"][0]["Fn::GetAtt"][0]
    rule = {"IpProtocol": "tcp", "FromPort": 8000, "ToPort": 8000, "CidrIp": WORLD}
    t["Resources"][group]["Properties"].setdefault("SecurityGroupIngress", []).append(rule)


@breaks("network.public-address", "medium", on="sample")
def hosts_moved_to_subnets_with_addresses(t: Template) -> None:
    properties(t, "AWS::AutoScaling::AutoScalingGroup")["VPCZoneIdentifier"] = [ref("Public0")]
    properties(t, "AWS::EC2::Subnet", "Public0")["MapPublicIpOnLaunch"] = True


# Security groups


@breaks("groups.open-to-world", "high")
def database_port_opened_to_the_world(t: Template) -> None:
    rule = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIp": WORLD}
    store_group(t)["SecurityGroupIngress"].append(rule)


@breaks("groups.open-to-world", "high")
def everything_opened_to_the_world_by_ipv6(t: Template) -> None:
    store_group(t)["SecurityGroupIngress"].append({"IpProtocol": "-1", "CidrIpv6": "::/0"})


@breaks("groups.open-to-world", "high")
def ssh_opened_by_a_rule_of_its_own(t: Template) -> None:
    group = named(t, "AWS::EC2::SecurityGroup", "ServiceApi")
    rule = {"IpProtocol": "6", "FromPort": "22", "ToPort": "22", "CidrIp": WORLD}
    add(t, "Bad", "AWS::EC2::SecurityGroupIngress", GroupId=att(group, "GroupId"), **rule)


@breaks("groups.open-to-world", "high")
def store_opened_to_half_the_world_twice(t: Template) -> None:
    for block in ("0.0.0.0/1", "128.0.0.0/1"):
        rule = {"IpProtocol": "tcp", "FromPort": 6379, "ToPort": 6379, "CidrIp": block}
        store_group(t)["SecurityGroupIngress"].append(rule)


@breaks("groups.open-to-world", "medium")
def service_port_opened_to_the_world(t: Template) -> None:
    rule = {"IpProtocol": "tcp", "FromPort": 8000, "ToPort": 8000, "CidrIp": WORLD}
    properties(t, "AWS::EC2::SecurityGroup", "ServiceApi")["SecurityGroupIngress"].append(rule)


@breaks("groups.open-to-world", "medium")
def balancer_opens_a_port_without_listener(t: Template) -> None:
    rule = {"IpProtocol": "tcp", "FromPort": 8443, "ToPort": 8443, "CidrIp": WORLD}
    properties(t, "AWS::EC2::SecurityGroup", "LoadBalancer")["SecurityGroupIngress"].append(rule)


@breaks("groups.open-to-world", "high")
def world_admitted_behind_a_condition(t: Template) -> None:
    t["Parameters"] = {"Open": {"Type": "String", "AllowedValues": ["yes", "no"]}}
    t["Conditions"] = {"IsOpen": {"Fn::Equals": [ref("Open"), "yes"]}}
    rule = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIp": WORLD}
    store_group(t)["SecurityGroupIngress"].append({"Fn::If": ["IsOpen", rule, ref("AWS::NoValue")]})


@breaks("groups.wide-source", "medium")
def whole_network_admitted_to_the_database(t: Template) -> None:
    rule = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIp": "10.0.0.0/16"}
    store_group(t)["SecurityGroupIngress"].append(rule)


@breaks("groups.wide-source", "low")
def source_comes_from_a_parameter(t: Template) -> None:
    t["Parameters"] = {"Source": {"Type": "String"}}
    rule = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIp": ref("Source")}
    store_group(t)["SecurityGroupIngress"].append(rule)


@breaks("groups.wide-ports", "medium")
def all_ports_admitted(t: Template) -> None:
    store_group(t)["SecurityGroupIngress"][0].update({"FromPort": 0, "ToPort": 65535})


@breaks("groups.admin-port", "medium")
def ssh_admitted_from_inside(t: Template) -> None:
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "10.0.0.0/16"}
    properties(t, "AWS::EC2::SecurityGroup", "ServiceApi")["SecurityGroupIngress"].append(rule)


@breaks("groups.egress-open", "medium")
def everything_let_out(t: Template) -> None:
    del properties(t, "AWS::EC2::SecurityGroup", "ServiceWorker")["SecurityGroupEgress"]


@breaks("groups.egress-open", "low")
def another_port_let_out(t: Template) -> None:
    rule = {"IpProtocol": "tcp", "FromPort": 25, "ToPort": 25, "CidrIp": WORLD}
    properties(t, "AWS::EC2::SecurityGroup", "ServiceWorker")["SecurityGroupEgress"].append(rule)


@breaks("groups.default", "medium")
def service_wears_the_default_group(t: Template) -> None:
    network = properties(t, "AWS::ECS::Service", "Worker")["NetworkConfiguration"]["AwsvpcConfiguration"]
    network["SecurityGroups"] = [att(named(t, "AWS::EC2::VPC"), "DefaultSecurityGroup")]


@breaks("groups.default", "medium")
def database_names_no_group(t: Template) -> None:
    del properties(t, "AWS::RDS::DBInstance")["VPCSecurityGroups"]


@breaks("groups.unworn", "info", on="sample")
def a_group_that_nobody_wears(t: Template) -> None:
    t["Resources"]["Lonely"] = t["Resources"]["DomainGroup"]


@breaks("groups.not-asked-for", "medium")
def search_admitted_to_the_database(t: Template) -> None:
    source = att(named(t, "AWS::EC2::SecurityGroup", "ServiceSearchSg"), "GroupId")
    rule = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "SourceSecurityGroupId": source}
    store_group(t)["SecurityGroupIngress"].append(rule)


@breaks("groups.not-asked-for", "medium")
def a_use_taken_from_the_task_but_not_from_the_group(t: Template) -> None:
    one = task(t, "Beat")["ContainerDefinitions"][0]
    one["Environment"] = [v for v in one["Environment"] if v["Name"] != "CACHE_URL"]


@breaks("groups.not-asked-for", "medium", on="infracast")
def an_address_that_leads_elsewhere(t: Template) -> None:
    properties(t, "AWS::SecretsManager::Secret", "Url")["SecretString"] = {
        "Fn::Sub": "postgresql://app:{{resolve:secretsmanager:${PostgresSecret}:SecretString:password}}@elsewhere/app"
    }
    attached = named(t, "AWS::SecretsManager::SecretTargetAttachment")
    del t["Resources"][attached]


@breaks("groups.not-listening", "low")
def a_port_nobody_listens_on(t: Template) -> None:
    store_group(t)["SecurityGroupIngress"][0].update({"FromPort": 9999, "ToPort": 9999})


@breaks("groups.one-sided", "low")
def the_way_out_is_missing(t: Template) -> None:
    del t["Resources"][named(t, "AWS::EC2::SecurityGroupEgress", "ServiceBeatToValkey")]


@breaks("groups.one-sided", "low")
def the_way_in_is_missing(t: Template) -> None:
    store_group(t)["SecurityGroupIngress"].pop()


@breaks("groups.foreign", "low")
def a_foreign_group_admitted(t: Template) -> None:
    rule = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "SourceSecurityGroupId": "sg-0123456789abcdef0"}
    store_group(t)["SecurityGroupIngress"].append(rule)


# Hosts and containers


@breaks("compute.instance-metadata", "medium", on="sample")
def hosts_answer_old_metadata_requests(t: Template) -> None:
    del properties(t, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]["MetadataOptions"]


@breaks("compute.privileged", "high")
def container_is_privileged(t: Template) -> None:
    task(t)["ContainerDefinitions"][0]["Privileged"] = True


@breaks("compute.privileged", "high")
def container_mounts_dockers_socket(t: Template) -> None:
    task(t)["Volumes"] = [{"Name": "docker", "Host": {"SourcePath": "/var/run/docker.sock"}}]


@breaks("compute.shell-by-exec", "low")
def shells_may_be_opened(t: Template) -> None:
    properties(t, "AWS::ECS::Service", "Api")["EnableExecuteCommand"] = True

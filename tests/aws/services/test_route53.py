"""Route 53, against moto as a second opinion."""

from __future__ import annotations

from typing import Any

from provisioning.aws.client import LiveAws
from provisioning.aws.sessions import Clients


def test_a_zone_and_its_records(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    route53 = by_hand.client("route53")
    domain = f"{name}.example"
    zone = route53.create_hosted_zone(Name=domain, CallerReference=name)["HostedZone"]["Id"].rpartition("/")[2]
    record = {"Name": f"www.{domain}", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    change: Any = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=change)
    assert on_moto.exists("AWS::Route53::HostedZone", zone)
    assert on_moto.exists("AWS::Route53::RecordSet", f"www.{domain}|{zone}|A|") is True
    assert on_moto.exists("AWS::Route53::RecordSet", f"www.{domain}|{zone}|AAAA|") is False
    # By its name alone nobody knows whose it is; that there is none is a proof.
    assert on_moto.exists("AWS::Route53::RecordSet", f"www.{domain}") is None
    assert on_moto.exists("AWS::Route53::RecordSet", f"other.{domain}") is False
    change["Changes"][0]["Action"] = "DELETE"
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=change)
    assert on_moto.exists("AWS::Route53::RecordSet", f"www.{domain}") is False
    route53.delete_hosted_zone(Id=zone)
    assert on_moto.exists("AWS::Route53::HostedZone", zone) is False

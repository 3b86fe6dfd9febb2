"""Which inputs name something outside the environment."""

from __future__ import annotations

import pytest

from provisioning.blueprint.external_inputs import external_inputs
from provisioning.design.external_names import ExternalKind
from provisioning.lifecycle.catalogue import catalogue

ZONE, CERTIFICATE = ExternalKind.HOSTED_ZONE, ExternalKind.CERTIFICATE
IMAGE, ROLE, SECRET = ExternalKind.IMAGE_REPOSITORY, ExternalKind.ROLE, ExternalKind.SECRET
EXPECTED = {
    "amply": {
        "hosted_zone_id": ZONE,  # in a map, in a condition and as a setting
        "certificate_arn": CERTIFICATE,
        "edge_certificate_arn": CERTIFICATE,
        "image": IMAGE,
    },
    "event-inbox": {},
    "portal": {"hosted_zone_id": ZONE, "certificate_arn": CERTIFICATE, "image": IMAGE, "account_roles": ROLE},
    "webhook-pipeline": {
        "processor_image": IMAGE,
        "loki_login_secret": SECRET,
        "pagerduty_secret": SECRET,
        "grafana_account_id": ExternalKind.ACCOUNT,
    },
}


@pytest.mark.parametrize("slug", EXPECTED)
def test_inputs_that_name_something_are_read_off_their_use(slug: str) -> None:
    assert dict(external_inputs(catalogue().get(slug))) == EXPECTED[slug]

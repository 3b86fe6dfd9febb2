"""Parameter Store, as its documentation answers."""

from __future__ import annotations

from botocore.stub import Stubber

from provisioning.aws.services.ssm import has_parameter
from provisioning.aws.sessions import Clients

NAME = "/portal/payments/orders-dev-7k2mx/outputs/Url"
FILTERS = [{"Key": "Name", "Option": "Equals", "Values": [NAME]}]


def test_a_parameter_on_a_later_page_is_found(by_hand: Clients) -> None:
    more = {"ParameterFilters": FILTERS, "NextToken": "more"}
    with Stubber(by_hand.client("ssm")) as stub:
        for last, is_there in (([{"Name": NAME}], True), ([], False)):
            stub.add_response(
                "describe_parameters", {"Parameters": [], "NextToken": "more"}, {"ParameterFilters": FILTERS}
            )
            stub.add_response("describe_parameters", {"Parameters": last}, more)
            assert has_parameter(by_hand, NAME) is is_there
        stub.assert_no_pending_responses()

"""The names of alice's environment orders-dev in AWS, as the table of calls fills them in."""

from __future__ import annotations

from typing import Final

from provisioning.aws.calls import ExampleEnvironment

ACCOUNT_ID: Final = "111122223333"
REGION: Final = "eu-central-1"
ORDERS: Final = ExampleEnvironment(
    account_id=ACCOUNT_ID,
    region=REGION,
    team="payments",
    environment="orders-dev",
    environment_id="7c0f4f2e-0000-4000-8000-000000000001",
    generation="7k2mx",
    blueprint="amply",
    prefix="payments-orders-dev-7k2mx",
    scope="payments/orders-dev-7k2mx",
)

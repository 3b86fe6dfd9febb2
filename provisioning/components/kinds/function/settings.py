"""Settings of a function block."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from provisioning.components.kinds.service.settings import VariableName, VariableValue
from provisioning.components.kit.logs import check_days
from provisioning.components.kit.packages import ShippedFolder
from provisioning.components.kit.values import Settings


class FunctionSettings(Settings):
    code: ShippedFolder = Field(
        description="Folder of the blueprint with the code; a wheel (.whl) in it is unpacked next to the code"
    )
    handler: str = Field(
        pattern=r"^[A-Za-z_][A-Za-z0-9_.]*\.[A-Za-z_][A-Za-z0-9_]*$",
        description="Module and function to call, such as handler.receive",
    )
    # https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
    runtime: Literal["python3.12", "python3.13", "python3.14"] = Field(
        default="python3.13", description="Lambda runtime"
    )
    architecture: Literal["arm64", "x86_64"] = Field(
        default="arm64", description="Processor architecture; arm64 is Graviton"
    )
    memory: int = Field(default=256, ge=128, le=10240, description="MiB of memory; CPU grows with it")
    timeout_seconds: int = Field(default=10, ge=1, le=900, description="Seconds after which a call is stopped")
    url: bool = Field(default=False, description="Give it a public HTTPS address; the code must check who calls")
    in_network: bool = Field(
        default=True,
        description="Run in the private subnets, from where it reaches what it uses and, through NAT, the internet",
    )
    concurrency: int | None = Field(
        default=None, ge=1, le=10_000, description="Maximum concurrent calls, reserved from the account's quota"
    )
    dead_letter: bool = Field(
        default=False, description="Keep asynchronous events that failed in an encrypted queue for 14 days"
    )
    environment: dict[VariableName, VariableValue | int] = Field(
        default={}, description="Environment variables, in addition to those that come from what it uses"
    )
    duration_alarm_percent: int = Field(
        default=80, ge=10, le=100, description="Alarm when one call in a hundred takes this percentage of the timeout"
    )
    log_days: Annotated[int, AfterValidator(check_days)] = Field(
        default=30, description="Days to keep the function's logs"
    )

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if not self.in_network and self.uses:
            raise ValueError(
                "a function outside the network cannot reach what it uses: remove in_network = false or uses"
            )
        return self

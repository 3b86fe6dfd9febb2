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
        description="Folder of the blueprint with the code; a wheel (.whl) in it is unpacked beside the code"
    )
    handler: str = Field(
        pattern=r"^[A-Za-z_][\w.]*\.[A-Za-z_]\w*$", description="Module and function to call, such as handler.receive"
    )
    # https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
    runtime: Literal["python3.12", "python3.13", "python3.14"] = Field(
        default="python3.13", description="Lambda runtime"
    )
    architecture: Literal["arm64", "x86_64"] = Field(default="arm64", description="Processor; arm64 is Graviton")
    memory: int = Field(default=256, ge=128, le=10240, description="MiB of memory; processor time grows with it")
    timeout_seconds: int = Field(default=10, ge=1, le=900, description="Seconds after which a call is ended")
    url: bool = Field(
        default=False, description="Give it an HTTPS address that anybody can call: the code must check who calls"
    )
    in_network: bool = Field(
        default=True,
        description="Run in the private subnets, from where it reaches what it uses and, by NAT, the internet",
    )
    concurrency: int | None = Field(
        default=None, ge=1, le=10_000, description="Most calls at a time, reserved from the account's quota"
    )
    dead_letter: bool = Field(
        default=False, description="Keep events that failed asynchronously in an encrypted queue for 14 days"
    )
    environment: dict[VariableName, VariableValue | int] = Field(
        default={}, description="Variables for the code, beside those that come from what it uses"
    )
    duration_alarm_percent: int = Field(
        default=80, ge=10, le=100, description="Alarm when one call in a hundred takes this share of the timeout"
    )
    log_days: Annotated[int, AfterValidator(check_days)] = Field(
        default=30, description="Days for which the function's logs are kept"
    )

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if not self.in_network and self.uses:
            raise ValueError("a function outside of the network reaches nothing that it uses: leave in_network out")
        return self

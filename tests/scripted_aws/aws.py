"""`provisioning.aws.interface.Aws` for one account and region of a scripted cloud."""

from __future__ import annotations

from provisioning.aws import interface
from provisioning.aws.interface import Aws
from tests.scripted_aws.change_calls import ChangeCalls
from tests.scripted_aws.cloud import Cloud
from tests.scripted_aws.drift_calls import DriftCalls
from tests.scripted_aws.reads import ScriptedReads
from tests.scripted_aws.teardown_calls import TeardownCalls


class ScriptedAws(ChangeCalls, DriftCalls, TeardownCalls):
    def __init__(self, cloud: Cloud, access: interface.AccountAccess) -> None:
        super().__init__(cloud, access)
        self.reads = ScriptedReads(cloud.faults, cloud.script(self.place))

    def verify(self) -> None:
        with self.reading("verify"):
            pass


_: type[Aws] = ScriptedAws

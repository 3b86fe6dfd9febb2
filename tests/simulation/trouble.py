"""What goes wrong, drawn from the seed. Each seed has a few kinds of trouble, so that a failure has
few possible causes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from provisioning.aws import AccessDenied, AwsError, CredentialsExpired, Throttled, Unreachable
from provisioning.models import Plan
from tests.scripted_aws.cloud import ScriptedStack
from tests.scripted_aws.outsider import Outsider
from tests.simulation.scheduler import Actor, Process
from tests.simulation.workers import Workers
from tests.simulation.world import SimulatedWorld

LEASE = 30.0
LEAVING = {"failing resources", "outsiders", "refusals", "tampering"}
"""The kinds of trouble after which something may be left over."""
PAUSES = (3.0, 12.0, LEASE + 1, 45.0, 130.0, 360.0)
REASONS = (
    "Access Denied",
    "Rate exceeded",
    "Exceeded attempts to wait",
    "The maximum number of buckets has been reached",
)


@dataclass
class Spell:
    """For a while, every call is answered with this error."""

    until: datetime
    error: Callable[[str], AwsError]


@dataclass
class Trouble:
    """Shares per point or call; 0 if the seed does not have this kind of trouble."""

    world: SimulatedWorld
    workers: Workers
    killing: float = 0.0
    killing_in_calls: float = 0.0
    pausing: float = 0.0
    spells: float = 0.0
    outsiders: float = 0.0
    failures: float = 0.0
    jumps: float = 0.0
    tampering: float = 0.0
    latency: float = 0.3
    _spell: Spell | None = None
    _kinds: list[str] = field(default_factory=list)

    def draw(self, wanted: Sequence[str] = ()) -> None:
        """Choose two to four kinds of trouble, or take those that are wanted."""
        world, chance = self.world, self.world.random
        kinds: dict[str, Callable[[], None]] = {
            "errors": lambda: setattr(world.cloud.faults, "rate", 0.08),
            "late effects": lambda: setattr(world.cloud.faults, "late_rate", 0.15),
            "stale reads": self._stale,
            "list lag": lambda: setattr(world.cloud, "list_lag_seconds", chance.choice([5.0, 30.0])),
            "slow tags": lambda: setattr(world.cloud, "tag_lag_seconds", 90.0),
            "slow names": lambda: setattr(world.cloud, "invisible_seconds", 15.0),
            "deaths": lambda: setattr(self, "killing", 0.004),
            "deaths in calls": lambda: setattr(self, "killing_in_calls", 0.03),
            "pauses": lambda: setattr(self, "pausing", 0.01),
            "slow calls": lambda: setattr(self, "latency", 4.0),
            "refusals": lambda: setattr(self, "spells", 0.02),
            "outsiders": lambda: setattr(self, "outsiders", 0.02),
            "failing resources": lambda: setattr(self, "failures", 0.03),
            "clock jumps": lambda: setattr(self, "jumps", 0.005),
            "bad events": self._bad_events,
            "tampering": lambda: setattr(self, "tampering", 0.2),
        }
        drawn = chance.sample(sorted(kinds), chance.randint(2, 4))
        self._kinds = list(wanted) or drawn
        for kind in self._kinds:
            kinds[kind]()
        world.cloud.faults.late_seconds = chance.choice([20.0, 120.0, 290.0])
        world.scheduler.switching = chance.choice([0.05, 0.2, 0.5])
        world.may_leave_resources = bool(LEAVING & set(self._kinds))
        world.trace.add(f"trouble: {', '.join(self._kinds)}")

    def _stale(self) -> None:
        self.world.cloud.stale_seconds, self.world.cloud.faults.stale_rate = 20.0, 0.2

    def _bad_events(self) -> None:
        queues = self.world.cloud.queues
        queues.lost, queues.doubled, queues.late = 0.3, 0.3, 60.0

    def stop(self) -> None:
        """From now on nothing new goes wrong."""
        self.killing = self.killing_in_calls = self.pausing = self.spells = self.outsiders = self.failures = 0.0
        self.tampering = 0.0
        self.jumps, self.latency, self._spell = 0.0, 0.3, None
        cloud = self.world.cloud
        cloud.faults.rate = cloud.faults.late_rate = cloud.faults.stale_rate = 0.0
        cloud.fail_create.clear()
        cloud.fail_update.clear()
        cloud.fail_undo.clear()
        cloud.fail_delete.clear()
        cloud.fail_rollback = False
        self._bad_events_end()

    def _bad_events_end(self) -> None:
        queues = self.world.cloud.queues
        queues.lost = queues.doubled = queues.late = 0.0

    # At the points of workers

    def at_point(self, actor: Actor, point: str) -> None:
        in_call = point.startswith(("before ", "after "))
        if point.startswith("after "):
            self.world.clock.advance(self.world.random.expovariate(1 / self.latency))
        if not actor.process.name.startswith("worker"):
            return
        share = self.killing_in_calls if in_call else self.killing
        if self.world.chance(share):
            self.world.trace.add(f"crashes at {point}", actor.label)
            self.world.scheduler.kill(actor.process)
        elif self.world.chance(self.pausing):
            self._pause(actor, point)

    def at_point_in_lock(self, actor: Actor, point: str) -> None:
        if actor.process.name.startswith("worker") and self.world.chance(self.killing):
            self.world.trace.add(f"crashes in a transaction at {point}", actor.label)
            self.world.scheduler.kill(actor.process)

    def _pause(self, actor: Actor, point: str) -> None:
        """The whole process, or this thread alone while its lease is renewed."""
        seconds = self.world.random.choice(PAUSES)
        until = self.world.clock.now() + timedelta(seconds=seconds)
        if self.world.chance(0.7):
            actor.process.paused_until = until
            self.world.trace.add(f"freezes for {seconds:.0f} s at {point}", actor.label)
        else:
            actor.paused_until = until
            self.world.trace.add(f"hangs for {seconds:.0f} s at {point}", actor.label)

    def refusal(self, call: str) -> AwsError | None:
        """For `Faults.refuses`."""
        if self._spell is not None and self.world.clock.now() < self._spell.until:
            return self._spell.error(call)
        return None

    # Between turns

    def start(self) -> None:
        """As an actor of its own, so that trouble comes at any time."""
        self.world.scheduler.spawn(Process("trouble"), "fate", self._run)

    def _run(self) -> None:
        world = self.world
        while True:
            for share, act in (
                (self.spells, self._begin_spell),
                (self.outsiders, self._interfere),
                (self.failures, self._let_something_fail),
                (self.jumps, self._jump),
                (self.tampering, self._tamper),
                (0.05, self._fill),
            ):
                if not world.is_calm and world.chance(share * 5):
                    act()
            # A plan is approved only for seconds before its first call.
            world.scheduler.sleep(world.random.uniform(0.5, 4) if self.tampering else world.random.uniform(5, 40))

    def _begin_spell(self) -> None:
        world = self.world
        kind = world.random.choice([AccessDenied, CredentialsExpired, Throttled, Unreachable])
        seconds = world.random.choice([5, 40, 200])
        self._spell = Spell(
            world.clock.now() + timedelta(seconds=seconds), lambda call: kind("not now", operation=call, code="Spell")
        )
        world.trace.add(f"for {seconds} s AWS answers {kind.__name__}", "trouble")

    def _let_something_fail(self) -> None:
        cloud, chance = self.world.cloud, self.world.random
        name = chance.choice(["BucketFiles", "SecretKey", "EdgeTopic", "CopyBucket", "Code", "Sign"])
        script = chance.choice([cloud.fail_create, cloud.fail_update, cloud.fail_undo, cloud.fail_delete])
        script.setdefault(name, []).append(chance.choice(REASONS))
        self.world.trace.add(f"the next {_name_of(cloud, script)} of {name} fails", "trouble")

    def _fill(self) -> None:
        """People and jobs leave things in buckets and vaults."""
        cloud, chance = self.world.cloud, self.world.random
        for living in list(cloud.living.values()):
            if living.type == "AWS::S3::Bucket":
                cloud.objects[living.physical_id] += chance.randrange(0, 1500)
            elif living.type == "AWS::Backup::BackupVault":
                cloud.recovery_points[living.physical_id] += chance.randrange(0, 30)

    def _tamper(self) -> None:
        """Somebody with access to the database changes a plan for a while, after its approval."""
        world = self.world
        plans = list(Plan.objects.filter(requests__state="approved").distinct().order_by("created_at"))
        if not plans:
            return
        plan = world.random.choice(plans)
        changed = json.loads(json.dumps(plan.content))
        for stack in changed.get("stacks", []):
            if "body" in stack:
                template = json.loads(stack["body"])
                template["Resources"]["Unapproved"] = {"Type": "AWS::SNS::Topic"}
                stack["body"] = json.dumps(template)
        world.trace.add(f"somebody changes an approved plan of kind {plan.content['kind']}", "trouble")
        Plan.objects.filter(pk=plan.pk).update(content=changed)
        world.scheduler.sleep(world.random.uniform(5, 60))
        Plan.objects.filter(pk=plan.pk).update(content=plan.content)
        world.trace.add("the plan is as it was", "trouble")

    def _jump(self) -> None:
        """Somebody sets the clock of the database's machine."""
        by = self.world.random.choice([-40.0, -5.0, 20.0, 45.0, 400.0])
        self.world.time.jumped += timedelta(seconds=by)
        self.world.trace.add(f"the database's clock jumps by {by:.0f} s", "trouble")

    def _interfere(self) -> None:
        """Somebody works in the account without the portal."""
        cloud, chance = self.world.cloud, self.world.random
        stacks = [stack for stack in cloud.stacks if stack.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE")]
        if not stacks:
            return
        stack = chance.choice(stacks)
        act = chance.choice([_edit, _delete_resource, _update, _delete, _protect])
        self.world.trace.add(f"somebody {act.__doc__} of {stack.spec.name}", "outsider")
        act(Outsider(cloud), stack)


def _edit(outsider: Outsider, stack: ScriptedStack) -> None:
    """edits a resource"""
    name = next(iter(stack.resources))
    outsider.edit(stack, name, Description="by hand")


def _delete_resource(outsider: Outsider, stack: ScriptedStack) -> None:
    """deletes a resource"""
    outsider.delete_resource(stack, next(reversed(stack.resources)))


def _update(outsider: Outsider, stack: ScriptedStack) -> None:
    """updates the stack"""
    outsider.update_stack(stack, lambda template: template.setdefault("Metadata", {}).update(by="hand"))


def _delete(outsider: Outsider, stack: ScriptedStack) -> None:
    """deletes the stack"""
    if not stack.protected:
        outsider.delete_stack(stack)


def _protect(outsider: Outsider, stack: ScriptedStack) -> None:
    """changes the protection"""
    outsider.protect(stack, enabled=not stack.protected)


def _name_of(cloud: object, script: object) -> str:
    return next(
        name for name in ("fail_create", "fail_update", "fail_undo", "fail_delete") if getattr(cloud, name) is script
    )[5:]

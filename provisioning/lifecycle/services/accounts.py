"""Connect an AWS account step by step, change it, close it, and remove one that nothing refers to.

A row is stored from the first step on, with the external ID that its onboarding stack needs. Until
it is opened, no team is offered it. Every change is compared with what its author saw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from django.conf import settings
from django.db import connection as database
from django.db import transaction

from provisioning.aws import Aws, AwsError
from provisioning.aws.onboarding import STACK, artefact_bucket, portal_role_arn
from provisioning.aws.regions import known_regions, partition_of
from provisioning.design.size_policy import SIZES
from provisioning.errors import InvalidFields, Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_admin
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.aws_access import close_connection, new_connection
from provisioning.lifecycle.connection.bounded import within
from provisioning.lifecycle.connection.reach import check_reach
from provisioning.lifecycle.connection.report import Findings
from provisioning.lifecycle.field_errors import check_row
from provisioning.lifecycle.services.test_connection import Connect
from provisioning.lifecycle.states import NO_LONGER_THERE
from provisioning.models import Account, AccountState, Connection, Environment, User

LABELS: Final = {
    "name": "Name",
    "regions": "Regions",
    "sizes": "Sizes",
    "role_arn": "Role ARN",
    "artefact_bucket": "Artefact bucket",
    "artefact_region": "Region of the artefact bucket",
}
_SHOWN_NAMES: Final = 5
_CONNECT_LOCK: Final = 0x70_61_63_63  # the key of the advisory lock: two admins may connect the same account


@dataclass(frozen=True, slots=True)
class AccountValues:
    """What a portal admin may change about an account. The first region is the main one, whose
    onboarding stack has the roles.
    """

    name: str
    regions: tuple[str, ...]
    sizes: tuple[str, ...]
    role_arn: str = ""
    artefact_bucket: str = ""
    artefact_region: str = ""

    @classmethod
    def of(cls, account: Account) -> Self:
        return cls(
            name=account.name,
            regions=tuple(account.regions),
            sizes=tuple(account.sizes),
            role_arn=account.role_arn,
            artefact_bucket=account.artefact_bucket,
            artefact_region=account.artefact_region,
        )

    def write_to(self, account: Account) -> None:
        for name, value in asdict(self).items():
            setattr(account, name, list(value) if isinstance(value, tuple) else value)


def start_account(
    *,
    actor: User,
    name: str,
    account_id: str,
    regions: tuple[str, ...],
    sizes: tuple[str, ...],
    endpoint_url: str = "",
) -> Account:
    """Store an account with an external ID of its own. Nobody can use it yet.

    Raises NotAllowed and InvalidFields.
    """
    check_admin(actor)
    account = Account(
        name=name,
        account_id=account_id,
        regions=list(regions),
        sizes=list(sizes),
        endpoint_url=endpoint_url,
        is_sandbox=bool(endpoint_url),
        state=AccountState.CONNECTING,
        connection=Connection.UNTESTED,
    )
    _check_places(regions, sizes)
    with transaction.atomic():
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CONNECT_LOCK])
        check_row(account)
        account.save(force_insert=True)
        audit_event(
            AuditAction.ACCOUNT_CONNECT,
            actor=actor,
            at=clock.now(),
            account=account,
            after={"account_id": account_id, "endpoint_url": endpoint_url, **_plain(AccountValues.of(account))},
        )
    return account


def change_account(
    *, actor: User, account: Account, values: AccountValues, seen: AccountValues | None = None
) -> Account:
    """Change an account. `seen` is what the author saw; None compares nothing.

    A change that decides what the portal can reach makes a new connection test necessary. Raises
    NotAllowed, InvalidFields, and WrongState if somebody else has changed the account.
    """
    check_admin(actor)
    with transaction.atomic():
        locked = Account.objects.select_for_update().get(pk=account.pk)
        before = AccountValues.of(locked)
        if seen is not None:
            check_unchanged(seen, before, noun=f"The account {locked.name}", labels=LABELS)
        _check_places(values.regions, values.sizes)
        _check_living(locked, before=before, after=values)
        values.write_to(locked)
        check_row(locked)
        if before == values:
            return locked
        if _needs_test(before, values):
            locked.connection = Connection.UNTESTED
        locked.save()
        _audit_change(AuditAction.ACCOUNT_CHANGE, actor, locked, before=before)
    return locked


def read_outputs(*, actor: User, account: Account, role_arn: str = "", connect: Connect = new_connection) -> Account:
    """Assume the role, read the outputs of the onboarding stack in the main region, and store them.

    Without `role_arn`, it is the role that the template creates. Raises NotAllowed, InvalidFields (the
    role is wrong), Refused with what to do if AWS does not let the portal read the stack, and WrongState
    if somebody else has changed the account meanwhile.
    """
    check_admin(actor)
    region, read = account.regions[0], AccountValues.of(account)
    role_arn = role_arn.strip() or portal_role_arn(account.account_id, partition=partition_of(region))
    account.role_arn = role_arn
    check_row(account)
    try:
        aws = connect(account, region)  # reads the database, so not in the thread below
        outputs = within(settings.CONNECTION_TEST_SECONDS, lambda: _outputs(account, aws))
    except TimeoutError as error:
        raise Refused(f"{error} Check the network between the portal and AWS, then read again.") from None
    with transaction.atomic():
        locked = Account.objects.select_for_update().get(pk=account.pk)
        before = AccountValues.of(locked)
        if before != read:
            raise WrongState(f"{locked.name} was changed while its outputs were read. Read them again.")
        locked.role_arn = outputs.get("PortalRoleArn", role_arn)
        locked.artefact_bucket = outputs.get("ArtefactBucketName", "") or locked.artefact_bucket
        if not locked.artefact_bucket:
            locked.artefact_bucket = artefact_bucket(locked.account_id, region)
        check_row(locked)
        if before != AccountValues.of(locked):
            locked.connection = Connection.UNTESTED
            locked.save()
        _audit_change(AuditAction.ACCOUNT_READ, actor, locked, before=before)
    return locked


def _outputs(account: Account, aws: Aws) -> Mapping[str, str]:
    """Return the outputs of the account's onboarding stack; none if there is no such stack."""
    region, findings = account.regions[0], Findings()
    try:
        if check_reach(findings, account, lambda: aws) is None:
            raise InvalidFields({"role_arn": [f"{one.sentence} {one.remedy}" for one in findings.collected]})
        stack = aws.describe_stack(STACK)
    except AwsError as error:
        raise Refused(
            f"The portal can assume {account.role_arn}, and cannot read the stack {STACK} in {region}. AWS: {error}"
        ) from None
    finally:
        close_connection(aws)
    if stack is not None and not stack.status.endswith("_COMPLETE"):
        raise Refused(f"The stack {STACK} in {region} is {stack.status}. Wait until it is complete, then read again.")
    return stack.outputs if stack is not None else {}


def open_account(*, actor: User, account: Account) -> Account:
    """Offer the account to its teams. Raises NotAllowed, and WrongState for an account that is being
    connected and that the portal could not use when it last tested the connection.
    """
    check_admin(actor)
    with transaction.atomic():
        locked = Account.objects.select_for_update().get(pk=account.pk)
        connecting = locked.state == AccountState.CONNECTING
        if connecting and not (locked.role_arn or locked.endpoint_url):
            raise WrongState(f"Enter the role of {locked.name} first: the output PortalRoleArn of the stack {STACK}.")
        if connecting and locked.connection in (Connection.UNTESTED, Connection.FAILED):
            raise WrongState(
                f"Test the connection to {locked.name} first. It opens when the portal can use the account."
            )
        return _change_state(actor, locked, AccountState.OPEN, AuditAction.ACCOUNT_OPEN)


def close_account(*, actor: User, account: Account) -> Account:
    """Accept no new environments. Those that exist are changed and torn down as before."""
    check_admin(actor)
    with transaction.atomic():
        locked = Account.objects.select_for_update().get(pk=account.pk)
        if locked.state == AccountState.CONNECTING:
            raise WrongState(f"{locked.name} is still being connected, so no team can use it.")
        return _change_state(actor, locked, AccountState.CLOSED, AuditAction.ACCOUNT_CLOSE)


def remove_account(*, actor: User, account: Account) -> None:
    """Delete an account that no environment refers to, torn down ones included: their receipts and
    ledgers name it. Nothing is changed in AWS. Raises NotAllowed and Refused.
    """
    check_admin(actor)
    with transaction.atomic():
        locked = Account.objects.select_for_update().get(pk=account.pk)
        names = list(Environment.objects.filter(account=locked).values_list("name", flat=True)[: _SHOWN_NAMES + 1])
        if names:
            raise Refused(
                f"{locked.name} cannot be removed: environments, their receipts and their ledgers refer to it "
                f"({shown_names(names)}). Close it for new environments instead."
            )
        audit_event(
            AuditAction.ACCOUNT_REMOVE,
            actor=actor,
            at=clock.now(),
            account=locked,
            before={"account_id": locked.account_id, **_plain(AccountValues.of(locked))},
        )
        locked.delete()


def check_unchanged(seen: Any, current: Any, *, noun: str, labels: dict[str, str]) -> None:
    """Raise WrongState with what somebody else has changed since the author read it."""
    before, now = asdict(seen), asdict(current)
    changed = [f"{labels[name]} is now {_text(now[name])}" for name in now if before[name] != now[name]]
    if changed:
        raise WrongState(
            f"{noun} was changed in the meantime: {'; '.join(changed)}. What you entered is kept. Check it, then save again."
        )


def shown_names(names: list[str]) -> str:
    more = len(names) > _SHOWN_NAMES
    return ", ".join(names[:_SHOWN_NAMES]) + (" and others" if more else "")


def _change_state(actor: User, locked: Account, state: AccountState, action: AuditAction) -> Account:
    if locked.state != state:
        before = locked.state
        locked.state = state
        locked.save(update_fields=["state"])
        audit_event(
            action,
            actor=actor,
            at=clock.now(),
            account=locked,
            before={"state": str(before)},
            after={"state": str(state), "connection": str(locked.connection)},
        )
    return locked


def _audit_change(action: AuditAction, actor: User, account: Account, *, before: AccountValues) -> None:
    old, new = _plain(before), _plain(AccountValues.of(account))
    changed = [name for name in new if old[name] != new[name]]
    audit_event(
        action,
        actor=actor,
        at=clock.now(),
        account=account,
        before={name: old[name] for name in changed},
        after={name: new[name] for name in changed},
    )


def _check_places(regions: tuple[str, ...], sizes: tuple[str, ...]) -> None:
    if not sizes or not set(sizes) <= set(SIZES):
        raise InvalidFields({"sizes": [f"Choose at least one of {', '.join(SIZES)}."]})
    if not regions:
        raise InvalidFields({"regions": ["Choose at least one region."]})
    if unknown := [region for region in regions if region not in known_regions()]:
        raise InvalidFields(
            {"regions": [f"“{region}” is not the code of an AWS region, such as eu-north-1." for region in unknown]}
        )
    partitions = {partition_of(region) for region in regions}
    if len(partitions) > 1:
        raise InvalidFields(
            {"regions": [f"An account is in one partition of AWS, and these regions are in {len(partitions)}."]}
        )


def _check_living(account: Account, *, before: AccountValues, after: AccountValues) -> None:
    """Refuse to take away a region or a size in which environments live."""
    living = Environment.objects.filter(account=account).exclude(state__in=NO_LONGER_THERE).order_by("name")
    errors: dict[str, list[str]] = {}
    for field, column in (("regions", "region"), ("sizes", "size")):
        for gone in set(getattr(before, field)) - set(getattr(after, field)):
            rows = living.filter(**{column: gone}) if column == "size" else _in_region(living, gone)
            if names := list(rows.values_list("name", flat=True).distinct()[: _SHOWN_NAMES + 1]):
                errors.setdefault(field, []).append(
                    f"{gone} cannot be removed: {shown_names(names)} "
                    f"{'exists' if len(names) == 1 else 'exist'} there. Tear down first, or close the account for new environments."
                )
    if errors:
        raise InvalidFields(errors)


def _in_region(environments: Any, region: str) -> Any:
    """Those in the region, and those with a stack there."""
    return environments.filter(region=region) | environments.filter(stacks__region=region)


def _needs_test(before: AccountValues, after: AccountValues) -> bool:
    reached = ("role_arn", "artefact_bucket", "artefact_region")
    return (
        any(getattr(before, name) != getattr(after, name) for name in reached)
        or bool(set(after.regions) - set(before.regions))
        or after.regions[0] != before.regions[0]
    )


def _plain(values: AccountValues) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(values).items()}


def _text(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return ", ".join(value) or "empty"
    return str(value) or "empty"

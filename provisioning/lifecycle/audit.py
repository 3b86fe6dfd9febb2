"""The audit log: who did what, kept for good. Services write to it in their own transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self

from provisioning.lifecycle import audit_context
from provisioning.lifecycle.states import OperationState
from provisioning.models import Account, AuditEvent, Environment, Team, User


class AuditAction(StrEnum):
    """What an audit event reports, as `noun:verb`. The values are stored and never change."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    REQUEST_CREATE = "request:create", "A member requested a new environment."
    REQUEST_CHANGE = "request:change", "A member requested a change of an environment."
    REQUEST_ADOPT = "request:adopt", "A member requested the adoption of an existing stack."
    REQUEST_PUT_BACK = "request:put_back", "A member requested to put an environment back as designed."
    REQUEST_RECOVER = "request:recover", "A member requested the recovery of an environment."
    REQUEST_TEARDOWN = "request:teardown", "A member requested the teardown of an environment."
    REQUEST_APPROVE = "request:approve", "An approver approved the plan of a request."
    REQUEST_VOTE = "request:vote", "A person approved a plan that needs further approvals."
    REQUEST_ASK = "request:ask", "A person who may decide asked the requester a question."
    REQUEST_ANSWER = "request:answer", "A member answered a question on a request."
    DELEGATION_BEGIN = "delegation:begin", "An approver let somebody else decide until a day."
    DELEGATION_END = "delegation:end", "A delegation ended before its day."
    REQUEST_REJECT = "request:refuse", "An approver rejected a request."
    REQUEST_WITHDRAW = "request:withdraw", "A member withdrew a pending request."
    REQUEST_EXPIRE = "request:expire", "A pending request expired."
    REQUEST_AWAIT = "request:await", "The plan of a change is complete and pending approval."
    REQUEST_EXPIRES_SOON = "request:expires_soon", "A pending request expires within a day."
    DRIFT_FIND = "drift:find", "A detection found that an environment has drifted."
    DRIFT_CHECK = "drift:check", "A member asked for a drift detection."
    DRIFT_ACCEPT = "drift:accept", "A member accepted the drift that a report shows."
    OPERATION_RETRY = "operation:try_again", "A member started another attempt at a failed request."
    OPERATION_CANCEL_REQUEST = "operation:cancel", "A member asked to cancel an operation."
    OPERATION_STOP_WATCHING = "operation:stop_watching", "A member ended an operation that only watched."
    OPERATION_SUCCEED = "operation:succeeded", "An operation ended as planned."
    OPERATION_REFUSE = "operation:refused", "A rule stopped an operation."
    OPERATION_FAIL = "operation:failed", "AWS rejected a step of an operation."
    OPERATION_ERROR = "operation:errored", "A portal error ended an operation."
    OPERATION_ABANDON = "operation:abandoned", "An operation lost its worker too often."
    OPERATION_CANCEL = "operation:cancelled", "An operation was cancelled."
    ACCOUNT_TEST = "account:test", "An administrator tested the connection to an account."
    ACCOUNT_CONNECT = "account:connect", "A portal admin began to connect an account."
    ACCOUNT_READ = "account:read_outputs", "The role and the bucket of an account were read from its onboarding stack."
    ACCOUNT_OPEN = "account:open", "A portal admin opened an account for new environments."
    ACCOUNT_CLOSE = "account:close", "A portal admin closed an account for new environments."
    ACCOUNT_REMOVE = "account:remove", "A portal admin removed an account that no environment refers to."
    ACCOUNT_TEAM_ADD = "account_team:add", "A portal admin let a team use an account."
    ACCOUNT_TEAM_REMOVE = "account_team:remove", "A portal admin ended that a team may use an account."
    TOKEN_CREATE = "token:create", "A person created a token of the API, personal or of a team."
    TOKEN_REVOKE = (
        "token:revoke",
        "A person revoked a token, or it ended; the detail says why.",
    )
    TOKEN_REFUSE = "token:refuse", "Somebody presented a token that is not valid."
    PERSON_CHANGE = "person:change", "An administrator added, changed or deleted a person, or their rights."
    TEAM_CHANGE = "team:change", "An administrator added, changed or deleted a team, or its members."
    ACCOUNT_CHANGE = "account:change", "An administrator added, changed or deleted an account, or its teams."
    SIGN_IN_SUCCEED = "sign_in:succeed", "A person signed in."
    SIGN_IN_REPEAT = "sign_in:repeat", "A person signed in again before a dangerous action."
    SIGN_IN_FAIL = "sign_in:fail", "Somebody failed to sign in."
    SIGN_IN_FAIL_CODE = "sign_in:fail_second_factor", "The second factor of a person was wrong."
    SIGN_IN_THROTTLE = "sign_in:throttle", "An attempt to sign in was refused without a check; there were too many."
    SESSION_SIGN_OUT = "session:sign_out", "A person signed out."
    SESSION_END = "session:end", "A person ended sessions of their own, or they ended; the detail says why."
    SESSION_EXPIRE = "session:expire", "A session ended because it was old or not used."
    PASSWORD_CHANGE = "password:change", "A person changed their password, which ended all of their other sessions."
    PASSWORD_END = "password:end", "A password that others may have known ended; the detail says why."
    SECOND_FACTOR_ADD = "second_factor:add", "A person set up a second factor."
    SECOND_FACTOR_REMOVE = "second_factor:remove", "A second factor was removed."
    SECOND_FACTOR_RECOVER = "second_factor:recover", "A person used a recovery code."
    SECOND_FACTOR_RENEW_CODES = "second_factor:renew_codes", "A person replaced their recovery codes."
    IDENTITY_LINK = "identity:link", "A person signed in through the provider for the first time."
    IDENTITY_END = (
        "identity:end",
        "A connected identity of the provider ended, because somebody else set the password of the account.",
    )
    IDENTITY_UPDATE = "identity:update", "The provider's groups changed a person's teams or roles."
    ACCESS_REFUSE = "access:refuse", "A person tried something that a permission, a rule or a team's border forbids."
    JOB_REFUSE = "job:refuse", "A worker refused a job of the queue that is none of the portal's."
    EVIDENCE_DOWNLOAD = "evidence:download", "A person downloaded the evidence pack of an environment."
    AUDIT_EXPORT = "audit:export", "Someone exported a part of the audit log."
    TEAM_CREATE = "team:create", "A portal admin created a team."
    TEAM_RENAME = "team:rename", "A portal admin gave a team another name."
    TEAM_DELETE = "team:delete", "A portal admin deleted a team, its memberships and its rights in accounts."
    TEAM_LOSE_OWNERS = (
        "team:lose_owners",
        "A team has no owner any more, because the last one was deactivated or by the groups of single sign-on.",
    )
    MEMBER_ADD = "member:add", "An owner, a portal admin or a group of single sign-on added a person to a team."
    MEMBER_CHANGE_ROLE = (
        "member:change_role",
        "An owner, a portal admin or a group of single sign-on changed the role of a member.",
    )
    MEMBER_REMOVE = (
        "member:remove",
        "An owner, a portal admin or the groups of single sign-on removed a member from a team.",
    )
    MEMBER_LEAVE = "member:leave", "A person left a team."
    INVITATION_CREATE = "invitation:create", "An owner or a portal admin invited somebody to a team."
    INVITATION_WITHDRAW = "invitation:withdraw", "An invitation ended before it was accepted."
    INVITATION_ACCEPT = "invitation:accept", "A person accepted an invitation and became a member."
    PERSON_CREATE = "person:create", "A person got an account, from a portal admin or by an invitation."
    PERSON_UPDATE = "person:update", "The name or the address of a person was changed."
    PERSON_CONFIRM = (
        "person:confirm",
        "A portal admin confirmed that an invited person is another person than the inviter.",
    )
    PERSON_DEACTIVATE = "person:deactivate", "A person was deactivated, and lost all roles outside teams."
    PERSON_REACTIVATE = "person:reactivate", "A deactivated person may sign in again."
    PERSON_CREATE_LINK = "person:create_password_link", "A portal admin created a link that sets a password once."
    PERSON_USE_LINK = "person:use_password_link", "A person set a password with a link of a portal admin."
    ROLE_PROPOSE = "role:propose", "A superuser proposed a role outside teams, which somebody else confirms."
    ROLE_CONFIRM = "role:confirm", "A second person confirmed a role outside teams, which has effect since."
    ROLE_DECLINE = "role:decline", "A second person declined a role outside teams."
    ROLE_WITHDRAW = "role:withdraw", "A proposed role outside teams was withdrawn or has expired."
    ROLE_GIVE = "role:give", "A role outside teams was given without a second person; the detail says why."
    ROLE_TAKE = "role:take", "A role outside teams was taken away."
    ENVIRONMENT_OFFER = "environment:offer", "An owner offered an environment to another team."
    ENVIRONMENT_WITHDRAW_OFFER = "environment:withdraw_offer", "An offer to hand over an environment ended."
    ENVIRONMENT_DECLINE_OFFER = "environment:decline_offer", "An owner of the other team declined an environment."
    ENVIRONMENT_HAND_OVER = "environment:hand_over", "An environment left this team for another one."
    ENVIRONMENT_TAKE_OVER = "environment:take_over", "An environment came to this team from another one."
    CHANNEL_ADD = "channel:add", "A person added a channel for messages, for themselves or for a team."
    CHANNEL_CHANGE = "channel:change", "A person changed a channel for messages."
    CHANNEL_SEND_TEST = "channel:send_test", "A person sent a test message through a channel."
    CHANNEL_REMOVE = "channel:remove", "A person removed a channel for messages."
    CHANNEL_STOP = "channel:stop", "The portal switched off a channel that had failed for days."
    WEBHOOK_CREATE = "webhook:create", "An owner or a portal admin added a webhook."
    WEBHOOK_CHANGE = "webhook:change", "An owner or a portal admin changed a webhook or switched it on or off."
    WEBHOOK_ROTATE = "webhook:rotate", "An owner or a portal admin replaced the secret of a webhook."
    WEBHOOK_REDELIVER = "webhook:redeliver", "An owner or a portal admin had a webhook delivered again."
    WEBHOOK_SEND_TEST = "webhook:send_test", "An owner or a portal admin sent a test to a webhook."
    WEBHOOK_REMOVE = "webhook:remove", "An owner or a portal admin removed a webhook."
    WEBHOOK_STOP = "webhook:stop", "The portal switched off a webhook that had failed for days."
    DESTINATION_ALLOW = "destination:allow", "A portal admin allowed connections to a name or a network."
    DESTINATION_FORBID = (
        "destination:forbid",
        "A portal admin ended that connections to a name or a network are allowed.",
    )
    ACCOUNT_TEAM_CHANGE = "account_team:change", "An administrator changed what a team may use in an account."
    RULE_CHANGE = "rule:change", "A portal admin stored a new version of a rule."


OPERATION_ENDS: Final = {
    OperationState.SUCCEEDED: AuditAction.OPERATION_SUCCEED,
    OperationState.REFUSED: AuditAction.OPERATION_REFUSE,
    OperationState.FAILED: AuditAction.OPERATION_FAIL,
    OperationState.ERRORED: AuditAction.OPERATION_ERROR,
    OperationState.ABANDONED: AuditAction.OPERATION_ABANDON,
    OperationState.CANCELLED: AuditAction.OPERATION_CANCEL,
}


def meaning_of(action: str) -> str:
    """What an action means; empty for one of a later version, which is being rolled out."""
    return next((known.meaning for known in AuditAction if known == action), "")


def audit_event(
    action: AuditAction,
    *,
    actor: User | None,
    at: datetime,
    environment: Environment | None = None,
    team: Team | None = None,
    account: Account | None = None,
    subject: str = "",
    subject_id: object = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    **detail: Any,
) -> AuditEvent:
    """Write one event. Call it inside the transaction of the change that it reports.

    `subject` names what the event is about, as people read it: "token deploys"; without it, that is
    the environment or the account. `before` and `after` hold the fields that changed. From where and
    as whom comes from the audit context. Nothing may contain a secret.
    """
    context = audit_context.current()
    if account is not None:
        detail = {"account": account.name, **detail}
    kind, named, key = _subject(action, environment, account, subject, subject_id)
    return AuditEvent.objects.create(
        at=at,
        actor=actor,
        actor_name=actor.get_username() if actor is not None else "",
        team_id=team.pk if team is not None else environment.team_id if environment is not None else None,
        environment=environment,
        action=str(action),
        subject_kind=kind,
        subject_id=key,
        subject=named,
        before=dict(before) if before is not None else None,
        after=dict(after) if after is not None else None,
        detail=detail,
        via=str(context.via),
        address=context.address,
        user_agent=context.user_agent,
        credential=context.credential,
        acting_as=context.acting_as,
        http_request=context.request_id,
    )


audit = audit_event


def _subject(
    action: AuditAction, environment: Environment | None, account: Account | None, subject: str, subject_id: object
) -> tuple[str, str, str]:
    """Return kind, name and id of what the event is about."""
    if subject or subject_id:
        noun = str(action).partition(":")[0]
        return noun, audit_context.printable(subject), audit_context.printable(str(subject_id), length=64)
    if environment is not None:
        return "environment", environment.name, str(environment.pk)
    if account is not None:
        return "account", account.name, str(account.pk)
    return "", "", ""

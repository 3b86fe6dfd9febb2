"""The rows of the database: one file for each noun, imported from here."""

from .account import Account, AccountState, Connection
from .account_team import AccountTeam
from .account_test import AccountTest
from .allowed_destination import AllowedDestination
from .approval import Delegation, RequestComment, Vote
from .artefact import Artefact
from .blueprint import BlueprintArchive, BlueprintVersion
from .drift import DriftReport, Orphan
from .environment import Environment
from .handover import HandoverOffer, OfferState
from .history import AuditEvent, AuditSeal, Receipt, Transition
from .invitation import Invitation
from .notification import (
    AuditCursor,
    ChannelKind,
    ChannelTiming,
    DeliveryState,
    NotificationChannel,
    NotificationDelivery,
    NotificationMessage,
)
from .operation import Operation, OperationKind
from .request import Plan, Request, RequestKind
from .role_change import OutsideRole, RoleChange, RoleChangeState
from .rule import ApproverGroup, PreviewCount, Rule, RuleKind, RuleVersion
from .sign_in import AttemptBudget, ExternalIdentity, RecoveryCode, SecondFactor, SignInSession
from .stack import ResourceEnd, Stack, StackEvent, StackResource
from .team import Membership, Role, Team, User
from .token import ApiCall, ApiToken
from .webhook import Webhook, WebhookAttempt, WebhookDelivery
from .worker import EventQueue, PeriodicTask, PolledRegion, Worker

__all__ = [
    "Account",
    "AccountState",
    "AccountTeam",
    "AccountTest",
    "AllowedDestination",
    "ApiCall",
    "ApiToken",
    "ApproverGroup",
    "Artefact",
    "AttemptBudget",
    "AuditCursor",
    "AuditEvent",
    "AuditSeal",
    "BlueprintArchive",
    "BlueprintVersion",
    "ChannelKind",
    "ChannelTiming",
    "Connection",
    "Delegation",
    "DeliveryState",
    "DriftReport",
    "Environment",
    "EventQueue",
    "ExternalIdentity",
    "HandoverOffer",
    "Invitation",
    "Membership",
    "NotificationChannel",
    "NotificationDelivery",
    "NotificationMessage",
    "OfferState",
    "Operation",
    "OperationKind",
    "Orphan",
    "OutsideRole",
    "PeriodicTask",
    "Plan",
    "PolledRegion",
    "PreviewCount",
    "Receipt",
    "RecoveryCode",
    "Request",
    "RequestComment",
    "RequestKind",
    "ResourceEnd",
    "Role",
    "RoleChange",
    "RoleChangeState",
    "Rule",
    "RuleKind",
    "RuleVersion",
    "SecondFactor",
    "SignInSession",
    "Stack",
    "StackEvent",
    "StackResource",
    "Team",
    "Transition",
    "User",
    "Vote",
    "Webhook",
    "WebhookAttempt",
    "WebhookDelivery",
    "Worker",
]

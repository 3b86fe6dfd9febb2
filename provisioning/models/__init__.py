"""The rows of the database: one file for each noun, imported from here."""

from .account import Account
from .account_team import AccountTeam
from .artefact import Artefact
from .blueprint import BlueprintArchive, BlueprintVersion
from .drift import DriftReport, Orphan
from .environment import Environment
from .history import AuditEvent, Receipt, Transition
from .operation import Operation, OperationKind
from .request import Plan, Request, RequestKind
from .stack import ResourceEnd, Stack, StackEvent, StackResource
from .team import Membership, Role, Team, User
from .worker import EventQueue, PeriodicTask, PolledRegion, Worker

__all__ = [
    "Account",
    "AccountTeam",
    "Artefact",
    "AuditEvent",
    "BlueprintArchive",
    "BlueprintVersion",
    "DriftReport",
    "Environment",
    "EventQueue",
    "Membership",
    "Operation",
    "OperationKind",
    "Orphan",
    "PeriodicTask",
    "Plan",
    "PolledRegion",
    "Receipt",
    "Request",
    "RequestKind",
    "ResourceEnd",
    "Role",
    "Stack",
    "StackEvent",
    "StackResource",
    "Team",
    "Transition",
    "User",
    "Worker",
]

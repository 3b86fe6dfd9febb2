"""What a message says: what happened, in plain words, and one link. Decisions are made in the portal,
never by a link of a message.

Messages hold names only, made harmless by `plain`. Comments, causes of failures and other free text
stay in the portal: they may hold secrets, and text that misleads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.models import AuditEvent, Request
from provisioning.notify.plain import inert, name_of


@dataclass(frozen=True, slots=True)
class Text:
    """`path` is the page that the message links to."""

    subject: str
    sentence: str
    path: str


@dataclass(frozen=True, slots=True)
class _Template:
    subject: str
    sentence: str
    page: str


_REQUEST = "request"
_ENVIRONMENT = "environment"

_PENDING: Final = _Template(
    "Approval needed: {noun} of {environment} ({team})",
    "{requester} of {team} requested the {noun} of {environment}, size {size}. It is pending approval.",
    _REQUEST,
)
_FAILED: Final = _Template(
    "Failed: {noun} of {environment} ({team})",
    "The {noun} of {environment} has failed. The page shows the cause, what exists now and the next step.",
    _ENVIRONMENT,
)
_SECURITY_HELP: Final = "If this was not you, change your password and tell a portal admin."
_NEW_ROLE: Final = "Tokens and sessions from before have ended: sign in again, and create new tokens."

_TEMPLATES: Final[Mapping[str, _Template]] = {
    "request:create": _PENDING,
    "request:change": _PENDING,
    "request:adopt": _PENDING,
    "request:put_back": _PENDING,
    "request:recover": _PENDING,
    "request:teardown": _PENDING,
    "request:await": _PENDING,
    "request:approve": _Template(
        "Approved: {noun} of {environment} ({team})", "{actor} approved the {noun} of {environment}.", _REQUEST
    ),
    "request:refuse": _Template(
        "Rejected: {noun} of {environment} ({team})",
        "{actor} rejected the {noun} of {environment}. The page shows the reason.",
        _REQUEST,
    ),
    "request:vote": _Template(
        "Approved by one: {noun} of {environment} ({team})",
        "{actor} approved the {noun} of {environment}. It needs further approvals.",
        _REQUEST,
    ),
    "request:ask": _Template(
        "Question: {noun} of {environment} ({team})",
        "{actor} asked a question about the {noun} of {environment}. Read and answer it on its page.",
        _REQUEST,
    ),
    "request:answer": _Template(
        "Answer: {noun} of {environment} ({team})",
        "{actor} answered a question about the {noun} of {environment}.",
        _REQUEST,
    ),
    "request:withdraw": _Template(
        "Withdrawn: {noun} of {environment} ({team})", "{actor} withdrew the {noun} of {environment}.", _REQUEST
    ),
    "request:expire": _Template(
        "Expired: {noun} of {environment} ({team})",
        "Nobody decided on the {noun} of {environment} in time. Send the request again if you still need it.",
        _REQUEST,
    ),
    "request:expires_soon": _Template(
        "Expires soon: {noun} of {environment} ({team})",
        "The {noun} of {environment} is still pending approval, and expires within a day.",
        _REQUEST,
    ),
    "operation:succeeded": _Template(
        "Completed: {noun} of {environment} ({team})", "The {noun} of {environment} is completed.", _ENVIRONMENT
    ),
    "operation:cancelled": _Template(
        "Cancelled: {noun} of {environment} ({team})", "The {noun} of {environment} was cancelled.", _ENVIRONMENT
    ),
    "operation:refused": _FAILED,
    "operation:failed": _FAILED,
    "operation:errored": _FAILED,
    "operation:abandoned": _FAILED,
    "drift:find": _Template(
        "Drift: {environment} ({team})",
        "{environment} differs from its templates. The page shows each difference.",
        "drift",
    ),
    "environment:offer": _Template(
        "Hand-over offered: {environment}",
        "{actor} offered {environment} of {from_team} to {to_team}. An owner of {to_team} has to accept it.",
        "home",
    ),
    "environment:withdraw_offer": _Template(
        "Hand-over no longer offered: {environment}",
        "{environment} of {from_team} is no longer offered to {to_team}: the offer was withdrawn, or nobody accepted it "
        "in time.",
        "home",
    ),
    "environment:decline_offer": _Template(
        "Hand-over declined: {environment}",
        "{actor} declined {environment}, which {from_team} had offered to {to_team}.",
        "home",
    ),
    "environment:hand_over": _Template(
        "Handed over: {environment}", "{environment} now belongs to {to_team}, no longer to {from_team}.", "home"
    ),
    "environment:take_over": _Template(
        "Taken over: {environment}", "{environment} came from {from_team} to {to_team}.", _ENVIRONMENT
    ),
    "team:lose_owners": _Template(
        "{team} has no owner", "{team} has no owner any more. A portal admin has to make a member the owner.", "team"
    ),
    "member:add": _Template("New member of {team}: {subject}", "{actor} added {subject} to {team}.", "team"),
    "member:change_role": _Template(
        "Role changed in {team}: {subject}", "{actor} changed the role of {subject} in {team}.", "team"
    ),
    "member:remove": _Template("Removed from {team}: {subject}", "{actor} removed {subject} from {team}.", "team"),
    "member:leave": _Template("{subject} left {team}", "{subject} is no longer a member of {team}.", "team"),
    "role:confirm": _Template(
        "Your role in the portal has changed", f"{{actor}} confirmed a role of yours. {_NEW_ROLE}", "profile"
    ),
    "role:give": _Template("Your role in the portal has changed", f"{{actor}} gave you a role. {_NEW_ROLE}", "profile"),
    "role:take": _Template("Your role in the portal has changed", "{actor} took a role away from you.", "profile"),
    "delegation:begin": _Template(
        "You decide in place of {actor}",
        "{actor} delegated approvals to you: you may decide on the requests of all teams until the delegation ends. If "
        "you had no role outside teams, your tokens and sessions from before have ended: sign in again.",
        "requests",
    ),
    "delegation:end": _Template(
        "A delegation has ended: {subject}",
        "The delegation of approvals from {subject} has ended before its day.",
        "requests",
    ),
    "password:change": _Template(
        "Your password was changed", f"Your password was changed. {_SECURITY_HELP}", "profile"
    ),
    "password:end": _Template(
        "Your password has ended",
        "You got a role outside teams, or an approver delegated approvals to you. Others may have known your password, so "
        "it no longer works. Sign in through single sign-on, or ask the people who run the portal for a new password.",
        "profile",
    ),
    "person:create_password_link": _Template(
        "A link for your password was created",
        "{actor} created a link that sets a new password for your account. If you did not request it, ask {actor} why, and "
        "tell another portal admin.",
        "profile",
    ),
    "person:update": _Template(
        "Your name or address was changed",
        "{actor} changed the name or the e-mail address of your account. If that is wrong, tell another portal admin.",
        "profile",
    ),
    "person:change": _Template(
        "Your account was changed",
        "{actor} added or changed your account or its password in /admin/. If that is wrong, tell another portal admin.",
        "profile",
    ),
    "person:use_password_link": _Template(
        "Your password was set", f"Your password was set with a link of a portal admin. {_SECURITY_HELP}", "profile"
    ),
    "second_factor:add": _Template(
        "A second factor was set up", f"A second factor was set up for your account. {_SECURITY_HELP}", "profile"
    ),
    "second_factor:remove": _Template(
        "Your second factor was removed", f"The second factor of your account was removed. {_SECURITY_HELP}", "profile"
    ),
    "second_factor:recover": _Template(
        "A recovery code was used",
        f"Someone signed in to your account with a recovery code. {_SECURITY_HELP}",
        "profile",
    ),
    "second_factor:renew_codes": _Template(
        "Your recovery codes were replaced",
        f"The recovery codes of your account were replaced. {_SECURITY_HELP}",
        "profile",
    ),
    "identity:link": _Template(
        "First sign-in through single sign-on",
        f"Your account was used through single sign-on for the first time. {_SECURITY_HELP}",
        "profile",
    ),
    "identity:end": _Template(
        "Your account is no longer connected",
        "A password was set for your account through a link or in /admin/. Your account is no longer connected with your "
        f"identity for single sign-on. Change the password, then connect your account again. {_SECURITY_HELP}",
        "profile",
    ),
    "token:create": _Template(
        "A token was created",
        f"You created a token for the API. If this was not you, revoke it. {_SECURITY_HELP}",
        "profile",
    ),
    "token:revoke": _Template(
        "A token was revoked",
        "{actor} revoked the {subject}, so programs can no longer use it. Ask them why before you create another.",
        "profile",
    ),
    "webhook:create": _Template("New webhook of {team}", "{actor} added the webhook {subject}.", "webhooks"),
    "webhook:change": _Template("Webhook of {team} changed", "{actor} changed the webhook {subject}.", "webhooks"),
    "webhook:remove": _Template("Webhook of {team} removed", "{actor} removed the webhook {subject}.", "webhooks"),
    "webhook:rotate": _Template(
        "New secret of a webhook of {team}", "{actor} replaced the secret of the webhook {subject}.", "webhooks"
    ),
    "webhook:stop": _Template(
        "Webhook switched off: {subject}",
        "The webhook {subject} has failed for days, so the portal no longer calls it. Correct it, then switch it on.",
        "webhooks",
    ),
    "channel:stop": _Template(
        "Channel switched off: {subject}",
        "The channel {subject} has failed for days, so the portal no longer uses it. Correct it, then switch it on.",
        "notifications",
    ),
}

_PAGES: Final[Mapping[str, str]] = {
    "request": "/requests/{request}/",
    "environment": "/environments/{environment}/",
    "drift": "/environments/{environment}/drift/",
    "webhooks": "/webhooks/",
    "notifications": "/notifications/",
    "profile": "/profile/",
    "team": "/teams/{team}/",
    "home": "/",
    "requests": "/requests/",
}


def text_for(event: AuditEvent, request: Request | None) -> Text:
    """Return the text for an event that has a rule in `audience.RULES`."""
    template = _TEMPLATES[event.action]
    environment = event.environment
    team = event.team.name if event.team is not None else "the portal"
    kind = request.kind if request is not None else str(event.detail.get("kind", ""))
    names = {
        "noun": kind_of(kind).words.noun.lower() if kind else "request",
        "environment": inert(environment.name) if environment is not None else "an environment",
        "size": environment.size if environment is not None else "",
        "team": inert(team),
        "actor": name_of(event.actor, "The portal"),
        "requester": name_of(request.requested_by) if request is not None else "Someone",
        "subject": inert(event.subject) or "someone",
        "from_team": inert(str(event.detail.get("from_team", team))),
        "to_team": inert(str(event.detail.get("to_team", "another team"))),
    }
    page = template.page if _has_page(template.page, event, request) else "home"
    keys = {
        "request": request.pk if request is not None else "",
        "environment": environment.pk if environment is not None else "",
        "team": event.team.slug if event.team is not None else "",
    }
    return Text(
        subject=template.subject.format(**names)[:200],
        sentence=template.sentence.format(**names),
        path=_PAGES[page].format(**keys),
    )


def link_to(path: str) -> str:
    """Return the absolute address of a page of the portal."""
    return f"{settings.PORTAL_URL.rstrip('/')}{path}"


def _has_page(page: str, event: AuditEvent, request: Request | None) -> bool:
    if page == "request":
        return request is not None
    if page == "team":
        return event.team is not None
    return event.environment is not None if page in ("environment", "drift") else True

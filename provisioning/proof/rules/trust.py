"""Checks who may assume a role: services for this account only, named accounts with an external id,
one repository.
"""

from __future__ import annotations

import re

from provisioning.proof.facts.trust import SOURCE_ACCOUNT
from provisioning.proof.model.policies import Statement
from provisioning.proof.model.values import has_unknown, mark, shown
from provisioning.proof.model.view import View
from provisioning.proof.rule import Reporter, rule
from provisioning.proof.rules.resource_policies import narrowed

_ROLE = ("AWS::IAM::Role",)
_DEPUTY = "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html"


def _trusts(view: View) -> list[Statement]:
    return [statement for statement in view.policies.of("trust") if statement.allow]


@rule(
    "trust.anybody",
    "No role can be assumed by everyone",
    severity="high",
    why="A role that trusts * can be used by every AWS account.",
    remedy="Name the principal.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
    types=_ROLE,
)
def anybody(view: View, report: Reporter) -> None:
    for statement in _trusts(view):
        name = statement.resource.key
        anyone = [n for kind, n in statement.principals if n == "*" or (kind == "AWS" and re.search(r":iam::\*:", n))]
        if (anyone or statement.not_principals) and not narrowed(statement):
            report.fault(statement.resource, f"Everyone may assume {name}.", statement.line)
        elif any(has_unknown(n) for _, n in statement.principals):
            report.undecided(
                statement.resource, f"The principals that may assume {name} cannot be determined.", statement.line
            )
        else:
            report.passes(
                statement.resource, f"{statement.at}: {', '.join(f'{kind} {n}' for kind, n in statement.principals)}"
            )


@rule(
    "trust.service",
    "Services assume roles for this account only",
    severity="medium",
    why="Without the condition, another account can make the service assume the role on its behalf.",
    remedy="Add StringEquals aws:SourceAccount with the account's id.",
    source=_DEPUTY,
    types=_ROLE,
)
def service(view: View, report: Reporter) -> None:
    for statement in _trusts(view):
        services = [n for kind, n in statement.principals if kind == "Service"]
        asked = [n for n in services if n in SOURCE_ACCOUNT]
        guarded = statement.demanded() & {"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid"}
        if asked and not guarded:
            sentence = f"{statement.resource.key} can be assumed by {', '.join(asked)} for any account."
            report.fault(statement.resource, sentence, statement.line, *(SOURCE_ACCOUNT[n] for n in asked))
        elif services:
            detail = ", ".join(sorted(guarded)) or "AWS documents no condition for it"
            report.passes(statement.resource, f"{statement.at}: {', '.join(services)} ({detail})")


@rule(
    "trust.account",
    "Roles for other accounts require an external id",
    severity="high",
    why="Without one, a service provider can be tricked into using this role for another customer.",
    remedy="Add StringEquals sts:ExternalId, or narrow the principal to a role and an organisation.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html",
    types=_ROLE,
)
def account(view: View, report: Reporter) -> None:
    for statement in _trusts(view):
        names = [n for kind, n in statement.principals if kind == "AWS" and n != "*"]
        foreign = [n for n in names if re.search(r"\b\d{12}\b", n)]
        own = [n for n in names if n not in foreign]
        guarded = statement.demanded() & {"sts:externalid", "aws:principalorgid", "aws:principalarn"}
        if foreign and not guarded:
            report.fault(
                statement.resource,
                f"{statement.resource.key} trusts {', '.join(foreign)} without an external id.",
                statement.line,
            )
        elif any(n.endswith(":root") or n == mark("AWS::AccountId") for n in own) and not guarded:
            sentence = f"Every principal of the account that may assume roles may assume {statement.resource.key}."
            report.fault(statement.resource, sentence, statement.line, severity="low")
        elif names:
            report.passes(
                statement.resource, f"{statement.at}: {shown(names)} ({', '.join(sorted(guarded)) or 'this account'})"
            )


@rule(
    "trust.identity-provider",
    "Identity providers are restricted to one audience and one subject",
    severity="high",
    why="Without a subject condition, any repository of the provider may assume the role, even a stranger's.",
    remedy="Add StringEquals conditions on the provider's aud and sub, naming repository and branch.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html",
    types=_ROLE,
)
def identity_provider(view: View, report: Reporter) -> None:
    for statement in _trusts(view):
        federated = [n for kind, n in statement.principals if kind == "Federated"]
        if not federated:
            continue
        keys = statement.condition_keys()
        subjects = [v for key in keys if key.endswith((":sub", ":amr")) for v in statement.values(key)]
        audiences = [key for key in statement.demanded() if key.endswith(":aud")]
        name, web = statement.resource.key, any("saml-provider" not in n for n in federated)
        if web and not subjects:
            report.fault(statement.resource, f"{name} trusts every identity of {', '.join(federated)}.", statement.line)
        elif loose := [subject for subject in subjects if "*" in subject]:
            # A star in the repository's name matches other owners; after it, only branches of this repository.
            other_owners = any("*" in ":".join(subject.split(":")[:2]) for subject in loose)
            report.fault(
                statement.resource,
                f"{name} trusts the subjects {', '.join(loose)}.",
                statement.line,
                severity="high" if other_owners else "medium",
            )
        elif not audiences:
            report.fault(statement.resource, f"{name} does not check the audience.", statement.line, severity="medium")
        else:
            report.passes(statement.resource, f"{statement.at}: only {', '.join(subjects)}")

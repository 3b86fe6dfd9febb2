"""Rules: what admins allow, in addition to what the portal itself forbids.

**A rule has a scope.** It applies everywhere, or only where size, account and team are those that it
names: "Production", "sandbox-dev", "Production in sandbox-prod", "Development of Payments". Each scope
has at most one rule, and each edit of it is a new version that never changes, with who, when and why.

**All rules that apply hold together, so the strictest wins.** There is no order of precedence, and a
narrow rule cannot allow what a wide one forbids. For approvals that is the most that any of them asks
for, by group; for durations, quotas and rates the smallest; for lists of what is allowed, what is in
all of them; for tags, every key that one requires, with a value that all permit; for findings that are
refused, every one. To give one team more, take the limit out of the wide rule and put it into narrower
ones. What `SizePolicy` requires of
a size comes first, as a floor that no rule can lower.

**Refusals come together.** A check never stops at the first. Each `Refusal` names the version of the
rule that it rests on, and the field of the form that it concerns.

**Rules of now decide.** They are evaluated for the preview, when a request is sent, when somebody
approves it, and when its operation begins; never later, because half a change is worse than either
end. What runs is always the approved plan: rules that became stricter only stop it. A recovery is
never refused.
"""

from provisioning.lifecycle.rules.evaluate import (
    Lifetime,
    Verdict,
    approval_rule,
    check_rules,
    evaluate,
    lock_quotas,
    refusals,
)
from provisioning.lifecycle.rules.facts import BlueprintFacts, Facts, FindingFacts, finding_facts
from provisioning.lifecycle.rules.record import ApprovalRule, Needed, Refusal, RefusedByRules, RuleReference
from provisioning.lifecycle.rules.rule_set import RuleSet, all_rules, rules_of
from provisioning.lifecycle.rules.stored import (
    approval_rule_for,
    approval_rule_of,
    check_rules_for,
    check_rules_of,
    evaluate_request,
    facts_of,
    preview_rules_for,
)

__all__ = [
    "ApprovalRule",
    "BlueprintFacts",
    "Facts",
    "FindingFacts",
    "Lifetime",
    "Needed",
    "Refusal",
    "RefusedByRules",
    "RuleReference",
    "RuleSet",
    "Verdict",
    "all_rules",
    "approval_rule",
    "approval_rule_for",
    "approval_rule_of",
    "check_rules",
    "check_rules_for",
    "check_rules_of",
    "evaluate",
    "evaluate_request",
    "facts_of",
    "finding_facts",
    "lock_quotas",
    "preview_rules_for",
    "refusals",
    "rules_of",
]

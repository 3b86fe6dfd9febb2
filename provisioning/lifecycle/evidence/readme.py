"""The README of an evidence pack."""

from typing import Final

README: Final = """\
Evidence of the environment {name} of {team}
{rule}

environment.json          what it is: blueprint, size, account, region, state
requests/N-KIND/          each request, in the order in which they were made:
    request.json          who asked for what, and who decided on it
    decisions.json        votes, questions and answers
    plan.json             the plan: templates, parameters, tags and tasks
    security-checks.json  the findings about the templates, with their evidence
    preflight.json        what was checked in the AWS account
operations/N-KIND.json    each attempt to carry out a plan, and how it ended
aws/STACK-REGION.jsonl    the events of each stack, as CloudFormation reported them
ledger.json               every physical resource that was ever seen, and how it ended
receipts/N.json           the verified result of a teardown
history.json              every change of state
audit.jsonl               the events of the audit log about this environment, with their seals; only for
                          auditors and, as far as the events belong to their teams, owners
manifest.json             the SHA-256 of each of these files, and the anchor of the audit log
verify_audit_export.py    verifies audit.jsonl; it needs Python 3.9 and nothing else

How to verify it
----------------
1. The files are what the portal wrote: compare their SHA-256 with manifest.json, for example
       python3 -c "import hashlib,json; [print(f['path'], hashlib.sha256(open(f['path'],'rb').read()).hexdigest() == f['sha256']) for f in json.load(open('manifest.json'))['files']]"
   The SHA-256 of the whole archive is in the event evidence:download of the portal's audit log.
2. The plan is the one that was approved: from format 2 on, the SHA-256 of plan.json is `plan_digest`
   and, once it was approved, `approved_digest` of its request.json.
3. The audit events, if they are included, are unchanged:
       python3 verify_audit_export.py audit.jsonl --excerpt
4. They belong to the portal's audit log: an auditor exports the whole log, verifies it with the
   anchor of manifest.json, and finds each row of audit.jsonl in it under the same position and hash.
"""


def readme(*, name: str, team: str) -> str:
    title = f"Evidence of the environment {name} of {team}"
    return README.format(name=name, team=team, rule="=" * len(title))

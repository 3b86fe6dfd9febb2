"""Preflight: checks an account for what would make AWS refuse a plan, before anybody approves it.

How to read the package, from the inside out:

report          the result: a typed document that is stored with the plan
subject         what is checked: the resources of all templates with their properties resolved
survey          asks AWS, each question once per run, and turns every error into a sentence
check           the record of a check: key, title, and the questions that it asks about a subject
checks/         one file per family of checks
registry        all checks, in the order of the report
run             runs them at the same time, within a budget of seconds
name_servers    looks up who answers for a domain in the public DNS
recent          the reports and surveys of the last minutes, which the form and the request share

When it runs: the request form loads the report after its preview, and the request stores the one
that its sender saw. For a request that was sent without one, the worker checks within seconds.
"Check again" on the page of a request replaces the stored report. `lifecycle/services/preflight.py`
has these three.

What a finding does: nothing is forbidden for good, because the account may change a second later and
a person may know better. Where AWS would refuse the plan, somebody has to say that it is to start
nevertheless: the sender for a size that needs no approval, otherwise the approver. The audit event
of the request or the approval counts the findings that were accepted. The report is no part of the
plan's digest.

A check reads only AWS and the subject, never the database, because checks run in threads. It never
raises: what could not be asked is `not_checked`, with the reason. `blocking` is reserved for what
AWS refuses for certain as things are now; what may hurt later is a `warning`.

Add a check: write a function that yields a `Question` for each thing to ask, and list it in the
`CHECKS` of its family's file. If it needs a new call, add it to `provisioning.aws.account_reads`,
to the permissions in `provisioning.aws.calls`, to the scripted AWS and to the sandbox.
"""

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
recent          the reports of the last minutes, by plan and account, which the form and the request
                share

A check reads only AWS and the subject, never the database, because checks run in threads. It never
raises: what could not be asked is `not_checked`, with the reason. `blocking` is reserved for what
AWS refuses for certain as things are now; what may hurt later is a `warning`.

Add a check: write a function that yields a `Question` for each thing to ask, and list it in the
`CHECKS` of its family's file. If it needs a new call, add it to `provisioning.aws.account_reads`,
to the permissions in `provisioning.aws.calls`, to the scripted AWS and to the sandbox.
"""

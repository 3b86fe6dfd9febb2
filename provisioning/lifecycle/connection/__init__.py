"""What `manage.py test_connection` and *Test connection* in the administration check.

report        the findings as sentences, each with what to do
reach         whether the portal can assume the account's role at all
regions       in each region: the version of the onboarding stack, and the artefact bucket
portal_role   whether role/portal may make every call of `provisioning.aws.calls`, and nothing more
              than this portal's template lets it
team_roles    whether the boundary and each team's stack role are what this portal's templates make, and
              whether the roles of former environments are still there
expected      what this portal's templates make
comparison    compares the two, statement by statement

Everything is read; nothing is changed. What cannot be read is a finding too.
"""

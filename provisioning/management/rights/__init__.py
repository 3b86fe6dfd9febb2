"""Checks that the onboarding templates grant what is needed, without AWS.

Three kinds of caller need permissions, and each has a module that lists them as questions for the
policy evaluator:

portal_role        the portal's calls, from the table in `provisioning.aws.calls`
stack_role         CloudFormation's handlers, for every resource of every shipped blueprint in every size
environment_roles  what the roles in these templates are meant to do, under the permissions boundary

onboarding         reads the onboarding templates: the roles, the boundary, the sizes of the policies
rendered           the resources of a rendered stack, with the ARNs that they will have
arns               the forms of these ARNs
questions          a question to the evaluator, its answer, and the report of all of them
"""

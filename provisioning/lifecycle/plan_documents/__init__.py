"""The typed records of plans, one module for each kind of plan.

`parts.py` has the records that several plans share, and `StackedPlan`, the base of every plan that
contains whole stacks: code that needs an environment's templates takes this type, and not that of the
request that made the plan. `provisioning.lifecycle.plan_document` reads and writes all of them.

This package is pure data: no Django, no AWS.
"""

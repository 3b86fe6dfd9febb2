"""Enforces IAM as AWS does: in front of every request, and for every handler of CloudFormation.

How to read it:

- `guard` is the outermost layer of the service. It finds out who calls (`callers`), what is called
  (`requests`, `rest_routes`), what that needs (`calls`, `special/`), and asks `access`.
- `stack_rights` asks for each resource of a stack, as the stack's role: `handlers` turns AWS's own list
  of permissions of a handler into accesses. `own_arns`, `named_resources`, `planned_tags`, `passed_to`
  and `optional` hold the facts that this takes, as data.
- `resources` knows the tags, the policies and the ARNs of what exists; `refusals` writes errors.
- `access` decides with `provisioning.policy`, and keeps the latest refusals for people.

The account's own key (its twelve digits) is the account's root: nothing is asked. Anything that the
tables do not know is refused with `SandboxUnknownOperation`, an error of the sandbox's own.

Trade-offs: the tables here repeat what `provisioning/aws` knows about permissions. That is wanted: the
sandbox is the second opinion. Decisions are made in the event loop; they take a fraction of a
millisecond, and a resource takes five to twenty of them.

To add an operation: a line in `calls.RESOURCES` if its action knows resource types; a line in
`rest_routes` if its service is a REST one. To add a type: a line in `own_arns`.
"""

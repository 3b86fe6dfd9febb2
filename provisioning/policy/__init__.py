"""Evaluates AWS's IAM policies: decides whether a principal may do something, and names the statement.

The package has no opinion about the portal. It knows AWS's rules, and one table of AWS's actions:

- `reference` is the service authorization reference: which actions exist, on which types of
  resource they act, and which condition keys AWS can send with them. `data/reference.json` is
  generated (see `refresh_reference`); `data/corrections.json` says where it is wrong and why.
- `documents` parses a policy into `Statement`s, once. `globs` compiles patterns and policy
  variables, `operators` and `conditions` compile condition blocks, `principals_named` compiles the
  Principal element.
- `principal` describes who calls: a role or user with its policies, its boundary and its tags.
- `request` builds the context of one call. A key that AWS would never send is dropped and named.
- `decide` combines the layers, as "How AWS enforcement code logic evaluates requests" says.
- `template` reads roles and policies from a CloudFormation template, which `loading` parses;
  `intrinsics` resolves its functions.
- `compare` tells whether two policies say the same, whatever the order of their statements.
- `unknown_keys` finds conditions that can never hold because no action of the statement knows the
  key.

A decision in five lines:

    template = load_template(Path("onboarding.yaml").read_text())
    roles = roles_of(template, parameters, account_id="111122223333", region="eu-central-1")
    decision = decide(roles["PortalRole"].principal(), "ecs:StopTask", task_arn, resource_tags=tags)
    decision.allowed, decision.statement, decision.explain()

Three things to know when you read a result. A condition key that is absent makes an ordinary
operator false and a negated one true, so a Deny with StringNotEquals also hits whatever has no tag.
A permissions boundary does not limit what a resource policy grants to `*` or to a session. Without a
`resource_policy` the evaluator assumes that the resource has none, and that a KMS key or a role
leaves the decision to the account's own policies.

The sandbox imports this package in its own environment, so it needs the standard library and PyYAML
only. To add a condition operator, add a line to `operators.OPERATORS`. To add a service, add its
prefix to `refresh_reference.PREFIXES` and run that module.
"""

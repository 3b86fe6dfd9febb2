"""All internals of ministack that the add-on uses, listed in one place.

ministack documents none of them. `tests/sandbox/test_private_names.py` fails if an upgrade moves a
name. The rest of the package uses ministack only through these objects and functions, and through
the names listed here.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from ministack import app as _app
from ministack.core import iam_evaluator as _evaluator
from ministack.core import persistence as _persistence
from ministack.core import router as _router
from ministack.core.concurrency import run_reentrant
from ministack.core.iam_actions import access_denied_response, extract_iam_action
from ministack.core.persistence import save_state
from ministack.core.responses import get_account_id, get_region, new_uuid, now_iso, request_scope
from ministack.services import acm as _acm
from ministack.services import alb as _alb
from ministack.services import autoscaling as _autoscaling
from ministack.services import cloudformation as _cfn
from ministack.services import cloudfront as _cloudfront
from ministack.services import cloudwatch as _cloudwatch
from ministack.services import cloudwatch_logs as _logs
from ministack.services import ec2 as _ec2
from ministack.services import ecs as _ecs
from ministack.services import elasticache as _elasticache
from ministack.services import eventbridge as _eventbridge
from ministack.services import iam as _iam
from ministack.services import kms as _kms
from ministack.services import lambda_svc as _lambda
from ministack.services import mq as _mq
from ministack.services import rds as _rds
from ministack.services import route53 as _route53
from ministack.services import s3 as _s3
from ministack.services import secretsmanager as _secrets
from ministack.services import servicediscovery as _servicediscovery
from ministack.services import ses_v2 as _ses
from ministack.services import ssm as _ssm
from ministack.services import stepfunctions as _stepfunctions
from ministack.services import sts as _sts
from ministack.services import tagging as _tagging
from ministack.services import waf as _waf
from ministack.services.cloudformation import changesets as _changesets
from ministack.services.cloudformation import drift as _drift
from ministack.services.cloudformation import engine as _engine
from ministack.services.cloudformation import handlers as _handlers
from ministack.services.cloudformation import helpers as _helpers
from ministack.services.cloudformation import provisioners as _provisioners
from ministack.services.cloudformation import stacks as _stacks
from ministack.services.cloudformation import wait_conditions as _waits


class Insides:
    """Some names of one ministack module, without the underscore that most of them have there.

    They are looked up on each use, because ministack rebinds a few of them.
    """

    def __init__(self, module: ModuleType, names: str) -> None:
        self._module = module
        self.names = tuple(names.split())

    def __getattr__(self, name: str) -> Any:
        if name not in self.names:
            raise AttributeError(f"{self._module.__name__}.{name} isn't among the names that private.py lists.")
        return getattr(self._module, self._theirs(name))

    def _theirs(self, name: str) -> str:
        return f"_{name}" if hasattr(self._module, f"_{name}") else name

    def put(self, name: str, value: object) -> None:
        """Replaces an object of ministack by one of ours."""
        if name not in self.names:
            raise AttributeError(f"{self._module.__name__}.{name} isn't among the names that private.py lists.")
        setattr(self._module, self._theirs(name), value)

    def missing(self) -> list[str]:
        """The listed names that the module no longer has."""
        return [
            f"{self._module.__name__}.{name}" for name in self.names if not hasattr(self._module, self._theirs(name))
        ]


app = Insides(_app, "SERVICE_HANDLERS app build_persistence_save_dict")
persistence = Insides(_persistence, "STATE_DIR")
router = Insides(_router, "KNOWN_AWS_SERVICE_NAMES SERVICE_PATTERNS")

acm = Insides(_acm, "certificates")
alb = Insides(_alb, "lbs listeners rules tags tgs")
autoscaling = Insides(_autoscaling, "ACTION_MAP asgs error launch_configs reconcile_instances tags")
cloudfront = Insides(
    _cloudfront,
    "cache_policies distributions functions oacs origin_request_policies response_headers_policies tags",
)
cloudwatch = Insides(_cloudwatch, "alarms composite_alarms dashboards resource_tags")
ec2 = Insides(
    _ec2,
    "ACTION_MAP addresses dhcp_options eni_fields_xml error flow_logs guess_resource_type instance_xml instances internet_gateways"
    " launch_templates nat_gateways network_acls network_interfaces route_tables security_groups snapshots subnets tags volumes"
    " vpc_endpoints vpcs xml",
)
ecs = Insides(_ecs, "bump_task_version clusters mark_task_stopped services tags task_defs tasks update_service")
elasticache = Insides(
    _elasticache,
    "clusters param_groups replication_groups serverless_caches snapshots subnet_groups tags user_groups users",
)
eventbridge = Insides(_eventbridge, "put_events rules tags")
evaluator = Insides(_evaluator, "resource_policy")
iam = Insides(_iam, "IAM_HANDLERS aws_managed_policies error instance_profiles p policies roles")
kms = Insides(_kms, "keys")
lambda_functions = Insides(_lambda, "esms")
logs = Insides(_logs, "log_groups")
mq = Insides(_mq, "SUPPORTED_ENGINES brokers tags")
rds = Insides(_rds, "clusters instance_xml instances param_groups snapshots subnet_groups tags")
route53 = Insides(_route53, "DEFAULT_NS default_records health_checks records tags zones")
s3 = Insides(_s3, "bucket_owner_account buckets")
secrets = Insides(_secrets, "secrets")
servicediscovery = Insides(_servicediscovery, "namespaces resource_tags services")
ses = Insides(_ses, "config_sets easy_dkim_attributes handle_request identities ses_tags")
ssm = Insides(_ssm, "parameters public_parameter resolve_parameter_value tags")
stepfunctions = Insides(_stepfunctions, "state_machines tags")
sts = Insides(_sts, "error sessions")
tagging = Insides(_tagging, "COLLECTORS matches_type_filters")
waf = Insides(_waf, "waf_tags web_acls")

cfn = Insides(_cfn, "change_sets exports stack_events stacks")
changesets = Insides(_changesets, "add_event create_then_delete_on_failure deploy_stack_async")
drift = Insides(_drift, "DRIFT_READERS detect_resource_drift supports_drift")
engine = Insides(
    _engine,
    "NO_VALUE extract_deps intrinsic_references parse_template resolve_dynamic_references resolve_refs",
)
handlers = Insides(
    _handlers,
    "ACTION_HANDLERS add_event capabilities_enforced create_then_delete_on_failure delete_stack_async deploy_stack_async"
    " imported_export_names resolve_stack roll_back_operation",
)
helpers = Insides(_helpers, "error extract_members extract_string_members p page resolve_document resolve_template xml")
provisioners = Insides(
    _provisioners,
    "DEFERRED_PREDECESSOR_DELETES NAME_SEED REPLACING_PROPERTIES RESOURCE_HANDLERS RETAINING_POLICIES RETAIN_REPLACED STACK_TAG_PROPERTY"
    " custom_named_replacement_error delete_resource ec_rg_attrs physical_name replacing_change snapshot_resource with_stack_tags",
)
stacks = Insides(
    _stacks,
    "CLIENT_REQUEST_TOKEN add_event adopt_resource create_then_delete_on_failure delete_stack_async deploy_stack_async failed_operation"
    " provision_keeping_seed resolve_stack_outputs resource_policy roll_back_operation runs_on_worker_thread update_keeping_seed",
)

waits = Insides(_waits, "signal_resource validate_resource_signal_timeout wait_for")

ALL_INSIDES = [item for item in list(globals().values()) if isinstance(item, Insides)]

__all__ = [
    "ALL_INSIDES",
    "access_denied_response",
    "acm",
    "alb",
    "app",
    "autoscaling",
    "cfn",
    "changesets",
    "cloudfront",
    "cloudwatch",
    "drift",
    "ec2",
    "ecs",
    "elasticache",
    "engine",
    "evaluator",
    "eventbridge",
    "extract_iam_action",
    "get_account_id",
    "get_region",
    "handlers",
    "helpers",
    "iam",
    "kms",
    "lambda_functions",
    "logs",
    "mq",
    "new_uuid",
    "now_iso",
    "persistence",
    "provisioners",
    "rds",
    "request_scope",
    "route53",
    "router",
    "run_reentrant",
    "s3",
    "save_state",
    "secrets",
    "servicediscovery",
    "ses",
    "ssm",
    "stacks",
    "stepfunctions",
    "sts",
    "tagging",
    "waf",
    "waits",
]

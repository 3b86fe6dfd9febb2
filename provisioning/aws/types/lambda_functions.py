"""Lambda."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import ArnForm, AwsType, Source, lasts, one_call

TYPES: Final = (
    AwsType(
        "AWS::Lambda::Alias",
        exists="lambda_functions.has_function",
        durations=one_call(create=5, delete=4),
    ),
    AwsType("AWS::Lambda::EventInvokeConfig", durations=one_call(create=5, delete=4)),
    AwsType(
        "AWS::Lambda::EventSourceMapping",
        exists="lambda_functions.has_event_source",
        taggable=True,
        quiesce="lambda_functions.stop_event_source",
        durations=one_call(create=15, delete=4),
    ),
    AwsType(
        "AWS::Lambda::Function",
        exists="lambda_functions.has_function",
        arn=ArnForm("lambda", r"function:[^:]+"),
        taggable=True,
        durations=(
            lasts(
                create=90,
                delete=1500,
                low=30,
                high=180,
                when="VpcConfig",
                source=Source.ANNOUNCED,
                reference="network interfaces are created first; "
                "a deletion waits 20 to 30 min for them: https://aws.amazon.com/blogs/devops/how-cloudformation-express-mode-accelerates-your-development-cycle/",
            ),
            lasts(create=10, delete=5, low=5, high=30, source=Source.ASSUMED, reference="until the function is active"),
        ),
    ),
    AwsType(
        "AWS::Lambda::LayerVersion",
        exists="lambda_functions.has_layer_version",
        durations=one_call(create=5, delete=4),
    ),
    AwsType(
        "AWS::Lambda::Permission",
        exists="lambda_functions.has_permission",
        durations=one_call(create=5, delete=4),
    ),
    AwsType(
        "AWS::Lambda::Url",
        exists="lambda_functions.has_url",
        durations=one_call(create=5, delete=4),
    ),
    AwsType(
        "AWS::Lambda::Version",
        exists="lambda_functions.has_function",
        durations=one_call(create=5, delete=4),
    ),
)

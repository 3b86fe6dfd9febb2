"""Mutations of secrets, house rules and what a template hands over to others."""

from __future__ import annotations

from tests.proof.mutating import Template, add, breaks, container, named, properties, ref

# Secrets


@breaks("secrets.environment", "high")
def password_in_the_environment(t: Template) -> None:
    container(t)["Environment"].append({"Name": "DATABASE_PASSWORD", "Value": "hunter2hunter2"})


@breaks("secrets.environment", "high")
def secret_resolved_into_the_environment(t: Template) -> None:
    value = "{{resolve:secretsmanager:app:SecretString:key}}"
    container(t)["Environment"].append({"Name": "SIGNING", "Value": value})


@breaks("secrets.environment", "high", on="sample")
def token_in_a_functions_environment(t: Template) -> None:
    properties(t, "AWS::Lambda::Function")["Environment"]["Variables"]["API_TOKEN"] = "abcdef0123456789"


def _read(t: Template, reference: object) -> None:
    container(t)["Command"] = ["sh", "-c", reference]


@breaks("secrets.dynamic-reference", "high")
def another_teams_secret(t: Template) -> None:
    _read(t, "echo {{resolve:secretsmanager:orders-dev/database-main:SecretString}}")


@breaks("secrets.dynamic-reference", "high")
def another_teams_secret_by_its_arn(t: Template) -> None:
    _read(t, "{{resolve:secretsmanager:arn:aws:secretsmanager:eu-north-1:123456789012:secret:portal/orders/x-AbCdEf}}")


@breaks("secrets.dynamic-reference", "high")
def a_secret_of_a_team_whose_name_begins_alike(t: Template) -> None:
    _read(t, "{{resolve:secretsmanager:portal/payments-2/x}}")


@breaks("secrets.dynamic-reference", "high")
def a_reference_in_two_pieces(t: Template) -> None:
    _read(t, {"Fn::Join": ["", ["{{resolve:secretsman", "ager:orders-dev/database-main}}"]]})


@breaks("secrets.dynamic-reference", "high")
def a_reference_in_a_placeholder(t: Template) -> None:
    _read(t, {"Fn::Sub": ["{{${Rest}", {"Rest": "resolve:ssm:/orders/key}}"}]})


@breaks("secrets.dynamic-reference", "high")
def a_reference_with_capitals_and_spaces(t: Template) -> None:
    _read(t, "{{ RESOLVE : ssm : /orders/key }}")


@breaks("secrets.dynamic-reference", "high")
def a_reference_that_a_parameter_brings(t: Template) -> None:
    t["Parameters"] = {"Command": {"Type": "String", "Default": "{{resolve:ssm-secure:/orders/key:1}}"}}
    _read(t, ref("Command"))


@breaks("secrets.dynamic-reference", "high")
def a_reference_whose_secret_a_parameter_names(t: Template) -> None:
    t["Parameters"] = {"Secret": {"Type": "String"}}
    _read(t, {"Fn::Sub": "{{resolve:secretsmanager:${Secret}}}"})


@breaks("secrets.dynamic-reference", "high")
def a_reference_to_a_parameter_of_others(t: Template) -> None:
    _read(t, "{{resolve:ssm:/aws/service-x/key}}")


@breaks("secrets.dynamic-reference", "high")
def a_reference_in_a_key(t: Template) -> None:
    labels = {"{{resolve:secretsmanager:orders-dev/x}}": "x"}
    container(t)["DockerLabels"] = labels


@breaks("secrets.dynamic-reference", "high", on="sample")
def an_image_from_a_parameter_of_others(t: Template) -> None:
    properties(t, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]["ImageId"] = "resolve:ssm:/orders/ami"


@breaks("secrets.property", "high")
def database_password_written_out(t: Template) -> None:
    properties(t, "AWS::RDS::DBInstance")["MasterUserPassword"] = "correct-horse"


@breaks("secrets.property", "medium")
def database_password_from_a_parameter(t: Template) -> None:
    t["Parameters"] = {"Password": {"Type": "String", "NoEcho": True}}
    properties(t, "AWS::RDS::DBInstance")["MasterUserPassword"] = ref("Password")


@breaks("secrets.pattern", "high")
def access_key_in_a_command(t: Template) -> None:
    container(t)["Command"] = ["run", "--key", "AKIA" + "ABCDEFGHIJKLMNOP"]


@breaks("secrets.pattern", "high")
def password_in_an_address(t: Template) -> None:
    container(t)["Environment"].append({"Name": "BROKER", "Value": "amqps://app:tops3cret@mq.example.com"})


@breaks("secrets.parameter", "high")
def password_parameter_that_echoes(t: Template) -> None:
    t["Parameters"] = {"AdminPassword": {"Type": "String", "Default": "changeme"}}


@breaks("secrets.parameter", "medium")
def secret_as_a_hidden_parameter(t: Template) -> None:
    t["Parameters"] = {"Licence": {"Type": "String", "NoEcho": "true"}}


@breaks("secrets.user-data", "high", on="sample")
def secret_in_user_data(t: Template) -> None:
    data = properties(t, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    data["UserData"] = {"Fn::Base64": "#!/bin/bash\nexport AGENT_TOKEN=4f9d8e7c6b5a\n"}


@breaks("secrets.output", "high")
def secret_in_an_output(t: Template) -> None:
    t["Outputs"]["Password"] = {"Value": "{{resolve:secretsmanager:app:SecretString:password}}"}


@breaks("secrets.generated", "medium")
def secret_from_the_template(t: Template) -> None:
    secret = properties(t, "AWS::SecretsManager::Secret", "Application")
    del secret["GenerateSecretString"]
    secret["SecretString"] = "from-the-template"


@breaks("secrets.generated", "medium", on="infracast")
def address_with_a_password_that_is_not_generated(t: Template) -> None:
    secret = properties(t, "AWS::SecretsManager::Secret", "Url")
    secret["SecretString"] = {
        "Fn::Sub": "postgresql://app:${Postgres.Endpoint.Address}@${Postgres.Endpoint.Address}/app"
    }


@breaks("secrets.generated", "low")
def secret_too_short(t: Template) -> None:
    properties(t, "AWS::SecretsManager::Secret", "Application")["GenerateSecretString"]["PasswordLength"] = 8


@breaks("secrets.plain-store", "high", on="sample")
def secret_in_a_plain_parameter(t: Template) -> None:
    properties(t, "AWS::SSM::Parameter").update({"Name": "/app/db-password", "Value": "hunter2hunter2"})


@breaks("secrets.plain-store", "high", on="sample")
def secret_copied_into_a_plain_parameter(t: Template) -> None:
    properties(t, "AWS::SSM::Parameter")["Value"] = {
        "Fn::Sub": "{{resolve:secretsmanager:${SharedSecret}:SecretString}}"
    }


@breaks("secrets.plain-store", "high", on="sample")
def secret_attribute_in_a_plain_parameter(t: Template) -> None:
    add(t, "Login", "AWS::Cognito::UserPoolClient", UserPoolId="eu-north-1_abcdefghi")
    properties(t, "AWS::SSM::Parameter")["Value"] = {"Fn::GetAtt": ["Login", "ClientSecret"]}


@breaks("secrets.output", "high", on="sample")
def secret_attribute_in_an_output(t: Template) -> None:
    add(t, "Login", "AWS::Cognito::UserPoolClient", UserPoolId="eu-north-1_abcdefghi")
    t.setdefault("Outputs", {})["Entry"] = {"Value": {"Fn::GetAtt": ["Login", "ClientSecret"]}}


# House rules


@breaks("house.exports", "medium")
def an_output_is_exported(t: Template) -> None:
    next(iter(t["Outputs"].values()))["Export"] = {"Name": "shared"}


@breaks("house.exports", "medium")
def a_value_is_imported(t: Template) -> None:
    properties(t, "AWS::S3::Bucket")["BucketName"] = {"Fn::ImportValue": "somebody-elses-name"}


@breaks("house.log-groups", "medium")
def log_group_not_in_the_template(t: Template) -> None:
    container(t)["LogConfiguration"]["Options"]["awslogs-group"] = "/made/by/docker"


@breaks("house.log-groups", "medium")
def database_logs_where_nothing_is(t: Template) -> None:
    properties(t, "AWS::RDS::DBInstance")["EnableCloudwatchLogsExports"].append("upgrade")


@breaks("house.log-groups", "medium", on="sample")
def function_makes_its_log_group(t: Template) -> None:
    del properties(t, "AWS::Lambda::Function")["LoggingConfig"]


@breaks("house.log-retention", "medium")
def logs_kept_for_ever(t: Template) -> None:
    del properties(t, "AWS::Logs::LogGroup")["RetentionInDays"]


@breaks("house.log-name", "low")
def log_group_without_a_name(t: Template) -> None:
    del properties(t, "AWS::Logs::LogGroup")["LogGroupName"]


@breaks("house.circuit-breaker", "medium")
def no_rollback(t: Template) -> None:
    breaker = properties(t, "AWS::ECS::Service")["DeploymentConfiguration"]["DeploymentCircuitBreaker"]
    breaker["Rollback"] = False


@breaks("house.deletion-policy", "medium")
def bucket_without_deletion_policy(t: Template) -> None:
    del t["Resources"][named(t, "AWS::S3::Bucket")]["DeletionPolicy"]


@breaks("house.kept", "medium")
def database_goes_with_its_stack(t: Template) -> None:
    t["Resources"][named(t, "AWS::RDS::DBInstance")]["DeletionPolicy"] = "Delete"


@breaks("house.tags", "low")
def tasks_without_tags(t: Template) -> None:
    del properties(t, "AWS::ECS::Service")["PropagateTags"]


@breaks("house.once-per-account", "high")
def identity_provider_of_the_account(t: Template) -> None:
    add(t, "Bad", "AWS::IAM::OIDCProvider", Url="https://token.actions.githubusercontent.com")


@breaks("house.limits", "high")
def too_many_resources(t: Template) -> None:
    for number in range(500):
        add(t, f"Extra{number}", "AWS::CloudFormation::WaitConditionHandle")


@breaks("data.backups", "medium")
def database_without_backups(t: Template) -> None:
    properties(t, "AWS::RDS::DBInstance")["BackupRetentionPeriod"] = 0


@breaks("data.backups", "low", on="sample")
def table_without_recovery(t: Template) -> None:
    del properties(t, "AWS::DynamoDB::Table")["PointInTimeRecoverySpecification"]


@breaks("data.deletion-protection", "medium")
def database_not_protected(t: Template) -> None:
    properties(t, "AWS::RDS::DBInstance")["DeletionProtection"] = False


@breaks("opaque.custom-resource", "medium")
def custom_resource(t: Template) -> None:
    add(t, "Bad", "Custom::Anything", ServiceToken="arn:aws:lambda:eu-north-1:123456789012:function:anything")


@breaks("opaque.nested-stack", "medium")
def nested_stack(t: Template) -> None:
    add(t, "Bad", "AWS::CloudFormation::Stack", TemplateURL="https://example.com/template.json")


@breaks("opaque.macro", "medium")
def macro(t: Template) -> None:
    t["Transform"] = "AWS::Serverless-2016-10-31"


@breaks("house.role-path", "medium")
def role_outside_its_environments_path(t: Template) -> None:
    del properties(t, "AWS::IAM::Role")["Path"]


@breaks("house.role-path", "medium")
def role_in_another_environments_path(t: Template) -> None:
    properties(t, "AWS::IAM::Role")["Path"] = "/portal/env/payments/orders-7k2mx/"


@breaks("house.role-path", "medium", on="webhook-pipeline")
def instance_profile_outside_its_environments_path(t: Template) -> None:
    del properties(t, "AWS::IAM::InstanceProfile")["Path"]


@breaks("house.own-tags", "high")
def role_with_another_environments_tag(t: Template) -> None:
    tags = properties(t, "AWS::IAM::Role")["Tags"]
    next(tag for tag in tags if tag["Key"] == "portal:environment-id")["Value"] = "00000000-0000-4000-8000-000000000000"


@breaks("house.own-tags", "medium")
def role_without_tags(t: Template) -> None:
    del properties(t, "AWS::IAM::Role")["Tags"]


@breaks("house.own-tags", "high")
def secret_with_another_teams_tag(t: Template) -> None:
    properties(t, "AWS::SecretsManager::Secret")["Tags"] = [{"Key": "Portal:Team", "Value": "logistics"}]


@breaks("house.own-tags", "high", on="webhook-pipeline")
def parameter_with_another_teams_tag(t: Template) -> None:
    properties(t, "AWS::SSM::Parameter")["Tags"] = {"portal:team": "logistics"}


@breaks("house.scoped-names", "medium")
def bucket_of_another_environment(t: Template) -> None:
    properties(t, "AWS::S3::Bucket")["BucketName"] = "pt-payments--7k2mx-media-123456789012-eu-north-1-an"


@breaks("house.scoped-names", "medium")
def bucket_in_the_global_namespace(t: Template) -> None:
    del properties(t, "AWS::S3::Bucket")["BucketNamespace"]


@breaks("house.scoped-names", "medium")
def secret_without_a_name(t: Template) -> None:
    del properties(t, "AWS::SecretsManager::Secret")["Name"]


@breaks("house.log-name", "low")
def log_group_of_another_environment(t: Template) -> None:
    properties(t, "AWS::Logs::LogGroup")["LogGroupName"] = "/portal/payments/orders-7k2mx/api"

"""Every mistake is reported with file, line and a sentence. Each case changes one place of a valid
blueprint.
"""

import pytest

from tests.blueprint.conftest import GOOD, Write, problems

MISTAKES = {
    "unclosed block": ("  mails    = 5\n}", "  mails    = 5", "notes/blueprint.hcl:62: This { is never closed."),
    "stray bracket": ("tasks = 1\n  keep  = false", "tasks = 1]\n  keep  = false", 'notes/blueprint.hcl:22: This "]" does not match the "{" of line 21; "}" is missing.'),
    "unclosed quotes": ('"Keeps notes"', '"Keeps notes', "notes/blueprint.hcl:3: The quotes that open on this line are not closed on it; write \\n for a new line."),
    "single quotes": ('"Keeps notes"', "'Keeps notes'", """notes/blueprint.hcl:3: "'" is not allowed here. Put text in double quotes."""),
    "no value": ('"Keeps notes"', "", "notes/blueprint.hcl:3: The end of the line is not allowed here."),
    "heredoc": ('"Keeps notes"', "<<EOT\nKeeps\nEOT", "notes/blueprint.hcl:3: Heredocs (<<) are not available in blueprints: write the text in quotes, with \\n for a new line."),
    "directive": ('"Keeps notes"', '"%{ if true }x%{ endif }"', 'notes/blueprint.hcl:3: Template directives (%{ … }) are not available in blueprints: use a conditional, "${condition ? "this" : "that"}".'),
    "two on a line": ("tasks = 1\n  keep  = false", "tasks = 1 keep = false", "notes/blueprint.hcl:22: Two definitions are on one line; start a new line for the second."),
    "two entries without comma": ("size.tasks, max = 4", "size.tasks max = 4", "notes/blueprint.hcl:48: Two entries of a map are on one line; put a comma between them."),
    "repeated entry": ("size.tasks, max = 4", "size.tasks, desired = 1", 'notes/blueprint.hcl:48: "desired" is already in this map (line 48).'),
    "function": ("= var.image\n  port", "= upper(var.image)\n  port", 'notes/blueprint.hcl:44: Functions are not available in blueprints, and so neither is "upper": write the value, or make it an input or a size setting.'),
    "for": ("[component.bucket.files, component.secret.session]", "[for x in y : x]", 'notes/blueprint.hcl:50: A "for" expression is not available in blueprints: write the items out.'),
    "splat": ("[component.bucket.files, component.secret.session]", "component.bucket[*].name", 'notes/blueprint.hcl:50: A splat ("[*]") is not available in blueprints: name the items one by one.'),
    "bare word": ("= var.image\n  port", "= image\n  port", 'notes/blueprint.hcl:44: "image" is neither text nor a reference; if it is text, put it in quotes.'),
    "unknown root": ("= var.image\n  port", "= local.image\n  port", 'notes/blueprint.hcl:44: "local" is no reference; a reference begins with var., size., env., account. or component.'),
    "unknown size setting": ("size.tasks", "size.task", 'notes/blueprint.hcl:48: There is no size setting "task"; did you mean "tasks"?'),
    "unknown environment fact": ("${env.name}", "${env.nme}", 'notes/blueprint.hcl:49: There is no fact of an environment "nme"; did you mean "name"?'),
    "unknown component": ("[component.bucket.files,", "[component.bucket.fils,", 'notes/blueprint.hcl:50: There is no component bucket.fils; did you mean "files"?'),
    "unused kind": ("[component.bucket.files,", "[component.valkey.files,", 'notes/blueprint.hcl:50: There is no component of the kind "valkey"; known are bucket, secret, service.'),
    "unknown attribute": ("component.bucket.files.name", "component.bucket.files.nam", 'notes/blueprint.hcl:60: bucket.files has no attribute "nam"; did you mean "name"?'),
    "in the branch not taken": ("= var.image\n  port", "= true ? var.image : var.imge\n  port", 'notes/blueprint.hcl:44: There is no variable "imge"; did you mean "image"?'),
    "unknown kind": ('component "secret" "session"', 'component "secrets" "session"', 'notes/blueprint.hcl:41: There is no component kind "secrets"; did you mean "secret"?'),
    "unknown setting": ("  keep_data = size.keep", "  keep_date = size.keep", 'notes/blueprint.hcl:38: bucket.files has no setting "keep_date"; did you mean "keep_data"?'),
    "missing setting": ("  image  = var.image\n", "", 'notes/blueprint.hcl:53: service.worker needs the setting "image".'),
    "setting of a wrong type": ("= size.keep", '= "perhaps"', "notes/blueprint.hcl:38: bucket.files: keep_data should be a valid boolean, unable to interpret input."),
    "not a reference": ("[component.bucket.files,", '["files",', "notes/blueprint.hcl:50: service.api: uses.0 should be a reference to a component, such as component.service.api."),
    "component twice": ('"service" "worker"', '"service" "api"', "notes/blueprint.hcl:53: There is a component service.api already (line 43)."),
    "component without name": ('"service" "worker"', '"service"', 'notes/blueprint.hcl:53: A component has a kind and a name: component "<kind>" "<name>" { … }.'),
    "block in a component": ("  keep_data = size.keep", "  keep_data = size.keep\n  lifecycle {}", "notes/blueprint.hcl:39: A component contains arguments only: write lifecycle = { … }."),
    "unknown block": ("usage {", "locals {", 'notes/blueprint.hcl:62: There is no block "locals"; known are blueprint, component, output, size, usage, variable.'),
    "argument outside": ("usage {", "x = 1\nusage {", 'notes/blueprint.hcl:62: "x" is outside every block; blocks are blueprint, variable, size, component, output and usage.'),
    "unknown argument": ('description = "Port"', 'descriptoin = "Port"\n  description = "Port"', 'notes/blueprint.hcl:17: variable "port" has no argument "descriptoin"; did you mean "description"?'),
    "unless of nothing": ('description = "Container image"', 'description = "Container image"\n  unless = "prot"', 'notes/blueprint.hcl:9: In variable "image", unless names "prot", which is no variable; did you mean "port"?'),
    "unless with a default": ('description = "Port"', 'description = "Port"\n  unless = "image"', 'notes/blueprint.hcl:18: "unless" of variable "port" is only valid for a variable without a default; remove one of the two.'),
    "repeated argument": ("  default     = 8000", "  default     = 8000\n  default     = 1", 'notes/blueprint.hcl:19: "default" is already set in variable "port" (line 18).'),
    "variable twice": ('variable "port"', 'variable "image"', 'notes/blueprint.hcl:15: There is a variable "image" already (line 9).'),
    "bad name": ('variable "port"', 'variable "Port"', 'notes/blueprint.hcl:15: The name "Port" cannot be used: begin with a lowercase letter, go on with those, digits and _, at most 40.'),
    "unknown type": ("= number", "= object({})", 'notes/blueprint.hcl:16: "type" of variable "port" should be string, number, bool, list(…) or map(…) of one of these.'),
    "quoted type": ("= number", '= "number"', 'notes/blueprint.hcl:16: "type" of variable "port" is written without quotes: type = number.'),
    "default of a wrong type": ("= 8000", '= "8000"', 'notes/blueprint.hcl:18: "default" of variable "port" should be of the type number, and is text.'),
    "no example": ('  example     = "public.ecr.aws/notes:1"\n', "", 'notes/blueprint.hcl:9: variable "image" needs an example, because it has no default: example = "…".'),
    "reference in a default": ("= 8000", "= var.image", "notes/blueprint.hcl:18: Only size. may be referred to here, and not var.; write the value itself."),
    "default by no setting": ("= 8000", "= size.ports", 'notes/blueprint.hcl:18: There is no size setting "ports"; known are approval, keep, tasks.'),
    "default of a wrong type in a size": ("= 8000", "= size.keep", 'notes/blueprint.hcl:18: "default" of variable "port" should be a number.'),
    "default by a setting of one size": ("= 8000", "= size.approval", "notes/blueprint.hcl:18: There is no size.approval in this size."),
    "terraform's name taken": ("= 8000", '= 8000\n  terraform = ["image"]', 'notes/blueprint.hcl:15: In variable "port", terraform names "image", which is the variable "image" already.'),
    "terraform's name impossible": ("= 8000", '= 8000\n  terraform = ["a b"]', 'notes/blueprint.hcl:15: In variable "port", terraform names "a b", which cannot be the name of an argument.'),
    "tags of the portal": ('"1.2.3"', '"1.2.3"\n  tags = { "Portal:team" = "x" }', 'notes/blueprint.hcl:5: "tags" of the blueprint block has the key "Portal:team"; keys that begin with aws: or portal: are reserved.'),
    "tags by a number": ('"1.2.3"', '"1.2.3"\n  tags = var.port', "notes/blueprint.hcl:5: The example or default of port should be a map of texts, and is a number."),
    "tags by nothing": ('"1.2.3"', '"1.2.3"\n  tags = var.tags', 'notes/blueprint.hcl:5: There is no variable "tags"; known are image, port.'),
    "terraform's condition": ("= 8000", '= 8000\n  validation {\n    condition     = var.port > 1\n    error_message = "x"\n  }', "notes/blueprint.hcl:19: Terraform's condition and error_message cannot be used here: write pattern, min, max or allowed, and message."),
    "look-around": ('notes:1"', 'notes:1"\n  validation {\n    pattern = "(?=a)a"\n    message = "is odd"\n  }', 'notes/blueprint.hcl:14: "pattern" of validation is no valid regular expression here: look-around, including look-ahead and look-behind, is not supported.'),
    "example against the validation": ('notes:1"', 'notes:1"\n  validation {\n    pattern = "^x"\n    message = "does not begin with x"\n  }', 'notes/blueprint.hcl:12: "example" of variable "image" is rejected by the variable\'s own validation: image does not begin with x.'),
    "some sizes, no default": ('notes:1"', 'notes:1"\n  sizes = ["prod"]', 'notes/blueprint.hcl:9: variable "image" needs a default, because only size prod may set it.'),
    "size missing": ('size "staging" {\n  tasks = 1\n  keep  = true\n}', "", 'notes/blueprint.hcl:1: The size "staging" is missing; a blueprint has dev, staging and prod.'),
    "fourth size": ("usage {", 'size "huge" {}\nusage {', 'notes/blueprint.hcl:62: There is no size "huge"; a blueprint has dev, staging and prod.'),
    "prod without approval": ('approval = "required"', 'approval = "none"', 'notes/blueprint.hcl:31: The size "prod" always needs an approval: write approval = "required".'),
    "version": ('"1.2.3"', '"1.2"', 'notes/blueprint.hcl:4: "version" of the blueprint block should be a semantic version such as "1.0.0" or "1.0.0-rc.1", not "1.2".'),
    "version with build metadata": ('"1.2.3"', '"1.2.3+5"', 'notes/blueprint.hcl:4: "version" of the blueprint block should be a semantic version such as "1.0.0" or "1.0.0-rc.1", not "1.2.3+5".'),
    "version with leading zeros": ('"1.2.3"', '"1.2.3-01"', 'notes/blueprint.hcl:4: "version" of the blueprint block should be a semantic version such as "1.0.0" or "1.0.0-rc.1", not "1.2.3-01".'),
    "maturity": ('"draft"', '"ready"', 'notes/blueprint.hcl:5: "maturity" of the blueprint block should be draft, published or deprecated, not "ready".'),
    "region": ('"eu-north-1", ', '"Stockholm", ', 'notes/blueprint.hcl:6: "regions" of the blueprint block names "Stockholm", which is not written like a region (eu-north-1).'),
    "no regions": ('["eu-north-1", "us-east-1"]', "[]", 'notes/blueprint.hcl:6: "regions" of the blueprint block should be a list of texts: ["…", "…"].'),
    "usage": ("low = 1, likely = 10", "low = 20, likely = 10", 'notes/blueprint.hcl:63: "files_gb" should be { low = …, likely = …, high = … }, three numbers from 0 up in this order.'),
    "output of a whole component": ("component.bucket.files.name", "component.bucket.files", 'notes/blueprint.hcl:60: output "bucket" is a whole component (component.bucket.files); name one of its attributes.'),
    "component in text": ("${env.name}", "${component.bucket.files}", "notes/blueprint.hcl:49: component.bucket.files is a whole component and cannot be part of a text; name one of its attributes."),
    "condition": ("= var.image\n  port", '= size.tasks ? "a" : "b"\n  port', "notes/blueprint.hcl:44: The condition before ? is a number, not true or false; compare it with something."),
    "adding text": ("= var.image\n  port", '= var.image + ":1"\n  port', 'notes/blueprint.hcl:44: "+" works on numbers, and this is text. Text is joined in a template: "${…}${…}".'),
}  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [case for case in MISTAKES.values() if case[2]],
    ids=[name for name, case in MISTAKES.items() if case[2]],
)
def test_the_author_is_told_where_and_what(write: Write, old: str, new: str, expected: str) -> None:
    assert old in GOOD
    assert expected in problems(write(GOOD.replace(old, new, 1)))


def test_what_fails_in_one_size_only_names_the_size(write: Write) -> None:
    (found,) = problems(write(GOOD.replace("tasks    = 2", "tasks    = -2")))
    assert found.startswith("notes/blueprint.hcl:48: service.api: tasks.desired should be greater than")
    assert found.endswith("(in size prod).")


def test_a_mistake_inside_a_long_value_is_told_at_its_own_line(write: Write) -> None:
    text = GOOD.replace("{ desired = size.tasks, max = 4,", "{\n    desired = size.tasks\n    max = 4\n    mux = 5,")
    assert 'notes/blueprint.hcl:51: service.api: there is no "mux" in tasks.' in problems(write(text))


def test_a_setting_that_one_size_leaves_out_is_told_at_that_size(write: Write) -> None:
    found = problems(write(GOOD.replace("tasks = 1\n  keep  = false", "tasks = 1")))
    assert found[0] == 'notes/blueprint.hcl:21: The size "dev" does not set "keep"; "prod" does.'


def test_settings_that_refer_to_each_other_are_refused(write: Write) -> None:
    old = "[component.bucket.files, component.secret.session]"
    found = problems(write(GOOD.replace(old, "component.service.worker.uses")))
    assert any("have a circular reference: component.service.worker.uses →" in problem for problem in found)


def test_components_that_use_each_other_are_refused(write: Write) -> None:
    text = GOOD.replace("component.secret.session]", "component.service.worker]", 1).replace(
        "uses   = component.service.api.uses", "uses   = [component.service.api]"
    )
    (found,) = problems(write(text))
    assert found == (
        "notes/blueprint.hcl:43: These components have a circular dependency: service.api → service.worker → service.api."
    )


def test_all_problems_of_a_file_are_told_at_once_in_its_order(write: Write) -> None:
    text = GOOD.replace('"1.2.3"', '"1"').replace("= number", "= any").replace("size.tasks", "size.tsks")
    text = text.replace("keep_data =", "keep =").replace("files.name", "files.nam")
    assert [problem.split(":")[1] for problem in problems(write(text))] == ["4", "16", "38", "48", "60"]


def test_line_numbers_are_right_in_a_file_with_windows_line_ends(write: Write) -> None:
    text = GOOD.replace("var.image\n  port", "var.imagine\n  port").replace("\n", "\r\n")
    assert problems(write(text)) == ['notes/blueprint.hcl:44: There is no variable "imagine"; did you mean "image"?']

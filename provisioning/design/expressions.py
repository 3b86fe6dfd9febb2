"""Text that AWS would evaluate: dynamic references and the placeholders of template expressions.

CloudFormation resolves `{{resolve:service:key}}` anywhere in a template or a parameter's value,
with the rights of the stack's role, and `${Name}` in an `Fn::Sub`. IAM replaces `${aws:username}`
in policies, and Terraform evaluates `${…}` and `%{…}` in text. A person's input is data, so it may
contain none of these, nor a part that becomes one when two texts are joined.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
"""

from __future__ import annotations

import re
from typing import Final

# AWS documents neither another case nor spaces; both are refused nevertheless.
DYNAMIC_REFERENCE_START: Final = re.compile(r"\{\s*\{\s*resolve\s*:", re.IGNORECASE)
# A launch template's ImageId has this form, and EC2 resolves it.
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/using-systems-manager-parameters.html
_BARE_REFERENCE: Final = re.compile(r"\{?\s*resolve\s*:", re.IGNORECASE)
_INSIDE: Final = re.compile(r"\{\s*resolve\s*:", re.IGNORECASE)
_OPENING: Final = re.compile(r"\{\s*\{|[$%]\{")
_HALF_OPENINGS: Final = ("{", "$")


def expression_problem(text: str) -> str:
    """Return what is wrong with a person's text, as the rest of a sentence; empty if it is plain.

    The text itself is not repeated: it may be a secret.
    """
    if opening := _OPENING.search(text):
        return f"contains “{''.join(opening[0].split())}”, which begins an expression in AWS or Terraform; write the value itself"
    if _INSIDE.search(text) or _BARE_REFERENCE.match(text.lstrip()):
        return "contains “resolve:”, which AWS would replace with a stored value; write the value itself"
    if text.rstrip().endswith(_HALF_OPENINGS):
        return f"ends with “{text.rstrip()[-1]}”, which could begin an expression with the text after it; remove it"
    return ""

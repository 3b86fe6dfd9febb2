"""CloudFormation's limits on one template.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""

from __future__ import annotations

from typing import Final

MAX_INLINE_BYTES: Final = 51_200
"""A larger body must be read from a bucket (TemplateURL)."""
MAX_TEMPLATE_BYTES: Final = 1024 * 1024
MAX_RESOURCES: Final = 500
MAX_PARAMETERS: Final = 200
MAX_OUTPUTS: Final = 200

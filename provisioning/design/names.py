"""Names of a design's parts: components, logical ids in a template, and names in AWS.

A component called `main` is the only one of its kind, or the most important one. `main` tells a
reader nothing, so every name that is made from a component's name leaves it out. Only this module
knows that.

Every name in AWS contains the team's key, the environment's name and its generation. IAM policies
that separate teams and environments rely on these forms, so only this module builds them.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

_WORD = re.compile(r"[A-Za-z0-9]+")
_MAIN = "main"

TEAM_KEY_LIMIT: Final = 14
RESERVED_TEAM_KEYS: Final = frozenset({"aws", "portal"})
GENERATION_LENGTH: Final = 5
# Digits and consonants: no vowels, so that no word appears by chance, and no 0, 1 or l, which look like o and i.
GENERATION_ALPHABET: Final = "23456789bcdfghjkmnpqrstvwxz"
TEAM_TAG: Final = "portal:team"
ENVIRONMENT_TAG: Final = "portal:environment"
ENVIRONMENT_ID_TAG: Final = "portal:environment-id"
GENERATION_TAG: Final = "portal:generation"
BLUEPRINT_TAG: Final = "portal:blueprint"

_TEAM_KEY = re.compile("[a-z](-?[a-z0-9])*")
# CloudFormation derives names from the stack's, which begins with the key, and AWS refuses these beginnings.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html (internal-)
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html (sg-)
_REFUSED_BEGINNINGS = ("internal-", "sg-")
_HYPHENS = re.compile("-{2,}")
_NOT_IN_A_KEY = re.compile("[^a-z0-9]+")
_TEAM_KEY_HASH = 4
_NAME_HASH = 4
# Characters of the environment's name that a physical name keeps, however short AWS's limit is.
_ENVIRONMENT_KEEPS = 4
_BUCKET_LIMIT = 63


def team_key(slug: str) -> str:
    """Return the form of a team's slug that AWS sees, in at most `TEAM_KEY_LIMIT` characters.

    This is the slug itself if it is short, lowercase, begins with a letter (identifiers of
    databases must) and has single hyphens only. Any other slug becomes its first characters and a
    hash, after a `t` if AWS would refuse a name that begins like it.
    """
    refused = f"{slug}-".startswith(_REFUSED_BEGINNINGS)
    if len(slug) <= TEAM_KEY_LIMIT and _TEAM_KEY.fullmatch(slug) and slug not in RESERVED_TEAM_KEYS and not refused:
        return slug
    letters = _NOT_IN_A_KEY.sub("-", slug.lower()).strip("-")
    usable = letters[:1].isalpha() and not f"{letters}-".startswith(_REFUSED_BEGINNINGS)
    start = letters if usable else f"t{letters}"
    return f"{start[: TEAM_KEY_LIMIT - _TEAM_KEY_HASH - 1].rstrip('-')}-{_hash(slug)[:_TEAM_KEY_HASH]}"


def generation_of(environment_id: UUID | str) -> str:
    """Return the generation of an environment: characters that no other environment of its account
    has.

    Derived from the SHA-256 of the id. There are 14 million generations, so two environments of one
    account may share one by chance; the database refuses the second.
    """
    number = int(_hash(str(UUID(str(environment_id)))), 16)
    characters = []
    for _ in range(GENERATION_LENGTH):
        number, position = divmod(number, len(GENERATION_ALPHABET))
        characters.append(GENERATION_ALPHABET[position])
    return "".join(characters)


@dataclass(frozen=True, slots=True)
class EnvironmentNames:
    """The names in AWS of everything in one environment. `team` is the team's key."""

    team: str
    environment: str
    generation: str

    @property
    def prefix(self) -> str:
        """`payments-orders-dev-7k2mx`: the start of every physical name with enough room for it."""
        return f"{self.team}-{self.environment}-{self.generation}"

    @property
    def scope(self) -> str:
        """`payments/orders-dev-7k2mx`: the environment in names that are paths."""
        return f"{self.team}/{self.environment}-{self.generation}"

    def stack(self, key: str) -> str:
        """Return the name of a stack: the prefix for the main one, with its key appended for
        another.
        """
        return self.prefix if key == _MAIN else f"{self.prefix}-{key}".replace("_", "-")

    def physical(self, name: str, *, limit: int) -> str:
        """Return `{prefix}-{name}` in at most `limit` characters.

        A name that is too long first loses the end of the environment's name, which is there for
        people only: the generation already tells environments apart. If that is not enough, the end
        of `name` is replaced by a hash.
        """
        kept = min(len(self.environment), _ENVIRONMENT_KEEPS)
        room = limit - len(self.team) - len(self.generation) - len("---")
        last = _cut(_hyphenated(name), room - kept)
        environment = self.environment[: room - len(last)].rstrip("-")
        return f"{self.team}-{environment}-{self.generation}-{last}"

    def bucket(self, name: str, *, account_id: str, region: str, region_text: str = "") -> str:
        """Return the name of a bucket in the account's own namespace, where no other account can
        take it.

        Its ending is AWS's rule:
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html. The name is
        too short for the environment's name; the generation stands for it. A template gives pseudo
        parameters for `account_id` and `region_text`.
        """
        start = self.bucket_prefix
        room = _BUCKET_LIMIT - len(start) - len(region) - len("-123456789012--an")
        return f"{start}{_cut(_hyphenated(name), room)}-{account_id}-{region_text or region}-an"

    @property
    def bucket_prefix(self) -> str:
        """`pt-payments--7k2mx-`: no other team's or environment's bucket begins with this."""
        return f"pt-{self.team}--{self.generation}-"

    @property
    def role_path(self) -> str:
        """The path of roles and instance profiles, which IAM policies use to tell environments
        apart.
        """
        return f"/portal/env/{self.scope}/"

    def secret(self, name: str) -> str:
        return f"portal/{self.scope}/{name}"

    def parameter(self, name: str) -> str:
        return f"/portal/{self.scope}/{name}"

    @property
    def output_path(self) -> str:
        """The path of the parameters that hold the environment's outputs, without a slash at the end."""
        return self.parameter("outputs")

    def log_group(self, name: str) -> str:
        return f"/portal/{self.scope}/{name}"

    @property
    def metric_namespace(self) -> str:
        return f"portal/{self.scope}"

    @property
    def pulled_repositories(self) -> str:
        """The pattern of the image repositories that an environment may pull from: its team's."""
        return f"{self.team}/*"

    @property
    def pushed_repositories(self) -> str:
        """The pattern of the image repositories that a deployment role may push to.

        Without the generation, because images are pushed before their environment exists.
        """
        return f"{self.team}/{self.environment}/*"


@dataclass(frozen=True, slots=True)
class ComponentName:
    """A component's kind and name, and the names that are made from them."""

    kind: str
    name: str

    @classmethod
    def of(cls, address: str) -> ComponentName:
        """Return the name behind an address such as `postgres.main`."""
        kind, _, name = address.partition(".")
        return cls(kind, name)

    @property
    def logical_id(self) -> str:
        """`BucketMedia`, or `Postgres` for `postgres.main`: a template should fit into 51,200
        bytes.
        """
        return pascal(self.kind if self.name == _MAIN else f"{self.kind}.{self.name}")

    @property
    def short(self) -> str:
        """`redis-locks`, or `redis` for `redis.main`: a name in AWS that still tells the kind."""
        return self.kind if self.name == _MAIN else f"{self.kind}-{self.name}"

    def for_people(self, title: str) -> tuple[str, str]:
        """Return name and kind as pages show them; `title` is the kind's title."""
        return name_for_people(self.name, title)


def name_for_people(name: str, title: str) -> tuple[str, str]:
    """Return name and kind as pages show them: (“api”, “Service”), or (“PostgreSQL”, “”) for
    `postgres.main`.

    `title` is the kind's title. Without one the name is shown, whatever it is.
    """
    if name == _MAIN and title:
        return title, ""
    return name.replace("_", " "), title


def pascal(text: str) -> str:
    """Return `SearchKey` for `search_key`."""
    return "".join(word[0].upper() + word[1:] for word in _WORD.findall(text))


def logical_id(address: str, suffix: str = "") -> str:
    """Return the logical id of a component's resource: `BucketMediaPolicy` for `bucket.media` and
    `Policy`.
    """
    return ComponentName.of(address).logical_id + suffix


def _hyphenated(name: str) -> str:
    """Return a name with single hyphens inside only, as RDS and ElastiCache require. If that loses
    something, a hash tells it from other names.
    """
    hyphens = name.replace("_", "-")
    single = _HYPHENS.sub("-", hyphens).strip("-")
    return single if single == hyphens else f"{single}-{_hash(name)[:_NAME_HASH]}"


def _cut(name: str, limit: int) -> str:
    """Return a name in at most `limit` characters; its end gives way to a hash if it is too long."""
    if len(name) <= limit:
        return name
    start = name[: max(limit - _NAME_HASH - 1, 0)].rstrip("-")
    return f"{start}-{_hash(name)[:_NAME_HASH]}".lstrip("-")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

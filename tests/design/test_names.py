"""The naming rule: what AWS sees of a team and an environment, and how long names are shortened."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.design.environment_name import NAME_LIMIT, NAME_PATTERN
from provisioning.design.names import (
    GENERATION_ALPHABET,
    GENERATION_LENGTH,
    RESERVED_TEAM_KEYS,
    TEAM_KEY_LIMIT,
    EnvironmentNames,
    generation_of,
    team_key,
)

# What Django's SlugField accepts, and so what the teams of an existing portal may be called.
SLUGS = st.from_regex(re.compile(r"[-a-zA-Z0-9_]{1,32}"), fullmatch=True)
NAMES = st.from_regex(re.compile(NAME_PATTERN), fullmatch=True).filter(lambda name: len(name) <= NAME_LIMIT)
GENERATIONS = st.uuids().map(generation_of)
# The shortest limit of a name that components choose: ElastiCache's replication groups.
SHORTEST = 40


@pytest.mark.parametrize("slug", ["payments", "a", "team-2", "abcdefghijklmn"])
def test_a_short_slug_is_its_own_key(slug: str) -> None:
    assert team_key(slug) == slug


@pytest.mark.parametrize(
    ("slug", "start"),
    [
        ("portal", "portal-"),
        ("aws", "aws-"),
        ("abcdefghijklmno", "abcdefghi-"),
        ("customer-success", "customer-"),
        ("data--science", "data-scie-"),
        ("Payments", "payments-"),
        ("4teams", "t4teams-"),
        ("internal", "tinternal-"),
        ("internal-tools", "tinternal-"),
        ("Internal--tools", "tinternal-"),
        ("sg", "tsg-"),
        ("sg-sales", "tsg-sales-"),
        ("data_team", "data-team-"),
        ("team-", "team-"),
        ("_", "t-"),
    ],
)
def test_any_other_slug_becomes_its_start_and_a_hash(slug: str, start: str) -> None:
    assert re.fullmatch(re.escape(start) + "[0-9a-f]{4}", team_key(slug))


@given(SLUGS)
def test_a_key_fits_every_name_in_aws(slug: str) -> None:
    key = team_key(slug)
    assert re.fullmatch("[a-z](-?[a-z0-9])*", key)
    assert len(key) <= TEAM_KEY_LIMIT
    assert key not in RESERVED_TEAM_KEYS
    assert not f"{key}-".startswith(("internal-", "sg-"))


def test_only_the_beginnings_that_aws_refuses_change_a_key() -> None:
    assert [team_key(slug) for slug in ("internals", "sgx", "our-sg-team")] == ["internals", "sgx", "our-sg-team"]


@given(st.uuids())
def test_a_generation_follows_from_the_id_however_it_is_written(environment_id: UUID) -> None:
    generation = generation_of(environment_id)
    assert generation == generation_of(str(environment_id)) == generation_of(environment_id.hex)
    assert len(generation) == GENERATION_LENGTH
    assert set(generation) <= set(GENERATION_ALPHABET)


def test_a_thousand_environments_have_a_thousand_generations() -> None:
    assert len({generation_of(UUID(int=number)) for number in range(1000)}) == 1000


@given(SLUGS.map(team_key), NAMES, GENERATIONS, st.integers(SHORTEST, 255))
def test_a_physical_name_fits_its_limit_and_keeps_team_and_generation(
    team: str, environment: str, generation: str, limit: int
) -> None:
    names = EnvironmentNames(team, environment, generation)
    for last in ("x", "postgres", "notification_service_failed"):
        name = names.physical(last, limit=limit)
        full = f"{names.prefix}-{last.replace('_', '-')}"
        assert name == full or len(full) > limit
        assert len(name) <= limit
        assert re.fullmatch(f"{team}-[a-z](-?[a-z0-9])*-{generation}-[a-z](-?[a-z0-9])*", name)


def test_the_name_of_the_environment_is_cut_before_the_last_part() -> None:
    names = EnvironmentNames("payments", "orders-and-invoices-staging", "7k2mx")
    assert names.physical("redis-locks", limit=63) == "payments-orders-and-invoices-staging-7k2mx-redis-locks"
    assert names.physical("redis-locks", limit=40) == "payments-orders-and-in-7k2mx-redis-locks"
    assert names.physical("redis-locks-of-the-scheduler", limit=40) == "payments-order-7k2mx-redis-locks-of-0fe1"


def test_a_name_that_loses_a_hyphen_gets_a_hash() -> None:
    names = EnvironmentNames("payments", "orders", "7k2mx")
    found = [names.physical(last, limit=63) for last in ("page-locks", "page__locks", "page_locks_", "page_-locks")]
    assert found[0] == "payments-orders-7k2mx-page-locks"
    assert all(re.fullmatch("payments-orders-7k2mx-page-locks-[0-9a-f]{4}", name) for name in found[1:])
    assert len(set(found)) == len(found)


@given(SLUGS.map(team_key), NAMES, GENERATIONS, st.integers(SHORTEST, 255))
def test_two_long_names_of_one_environment_stay_apart(team: str, environment: str, generation: str, limit: int) -> None:
    names = EnvironmentNames(team, environment, generation)
    start = "a-component-with-a-rather-long-name"
    parts = [f"{start}-{end}" for end in ("jobs", "jobs-failed", "mail", "mail-failed")]
    assert len({names.physical(part, limit=limit) for part in parts}) == len(parts)


REGIONS = ("eu-north-1", "eu-central-1", "us-east-1", "ap-southeast-1", "ap-northeast-3")


@given(SLUGS.map(team_key), NAMES, GENERATIONS, st.sampled_from(REGIONS))
def test_a_bucket_has_the_ending_of_the_accounts_own_namespace(
    team: str, environment: str, generation: str, region: str
) -> None:
    names = EnvironmentNames(team, environment, generation)
    buckets = [
        names.bucket(name, account_id="123456789012", region=region)
        for name in ("evidence", "documents", "documents-replica", "documents_archive")
    ]
    for bucket in buckets:
        assert bucket.startswith(f"pt-{team}--{generation}-")
        assert bucket.endswith(f"-123456789012-{region}-an")
        assert len(bucket) <= 63
        assert re.fullmatch("[a-z0-9][a-z0-9-]*[a-z0-9]", bucket)
    assert len(set(buckets)) == len(buckets)


ENVIRONMENTS = st.builds(EnvironmentNames, SLUGS.map(team_key), NAMES, GENERATIONS)


@given(ENVIRONMENTS, ENVIRONMENTS)
def test_environments_of_different_generations_share_no_name(one: EnvironmentNames, other: EnvironmentNames) -> None:
    assert one.generation == other.generation or not _all_names(one) & _all_names(other)


def test_a_hyphen_does_not_move_a_name_from_one_team_to_another() -> None:
    one = EnvironmentNames("a-b", "c", "7k2mx")
    other = EnvironmentNames("a", "b-c", "9w3zq")
    assert not _all_names(one) & _all_names(other)
    assert not any(name.startswith(other.bucket_prefix) for name in _all_names(one))


def _all_names(names: EnvironmentNames) -> set[str]:
    return {
        names.prefix,
        names.scope,
        names.stack("edge"),
        names.physical("postgres", limit=63),
        names.physical("redis-locks", limit=SHORTEST),
        names.bucket("media", account_id="123456789012", region="eu-north-1"),
        names.secret("application"),
        names.parameter("application"),
        names.log_group("api"),
        names.metric_namespace,
        names.role_path,
    }

"""What a CDN block may say: which bucket answers where, how long it is cached, and under which name."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, InstanceOf, model_validator

from provisioning.components.kit.values import Block, Settings
from provisioning.components.kit.web_acl import Waf
from provisioning.design.graph import Reference

Caching: TypeAlias = Literal["none", "origin", "year"]
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern
PathPattern: TypeAlias = Annotated[str, Field(pattern=r"^/[A-Za-z0-9_.*$/~\"'@:+&?-]{1,254}$")]
FilePath: TypeAlias = Annotated[str, Field(pattern=r"^/[A-Za-z0-9_.~-]+(/[A-Za-z0-9_.~-]+)*$", max_length=255)]
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html, less the default behaviour
_MAX_PATHS = 74


def _a_bucket(reference: Reference) -> Reference:
    if reference.kind != "bucket":
        raise ValueError(f"{reference} is a {reference.kind}, and only a bucket can stand here")
    return reference


def _an_origin(reference: Reference) -> Reference:
    if reference.kind not in ("bucket", "load_balancer"):
        raise ValueError(f"{reference} is a {reference.kind}; CloudFront fetches from a bucket or a load_balancer")
    return reference


class CdnPath(Block):
    """Paths that are answered differently from the rest."""

    pattern: PathPattern = Field(description="Paths that this is for, such as /assets/*; the first that fits decides")
    origin: Annotated[InstanceOf[Reference], AfterValidator(_an_origin)] | None = Field(
        default=None,
        description="The bucket or load balancer that answers, asked for the whole path; null for the CDN's own bucket",
    )
    cache: Caching = Field(
        default="none",
        description=(
            "year for files whose name carries a hash of their content; origin for as long as each object says, a day "
            "where it says nothing; none for always asking"
        ),
    )
    embeddable: bool = Field(
        default=False, description="Other sites may load these and show them in a frame, as widgets want"
    )

    @model_validator(mode="after")
    def _answers_are_not_files(self) -> Self:
        if self.origin and self.origin.kind == "load_balancer" and (self.cache != "none" or self.embeddable):
            raise ValueError(
                f"{self.pattern}: what a load balancer answers is passed on as it is; leave out cache and embeddable"
            )
        return self


class CdnSettings(Settings):
    origin: Annotated[InstanceOf[Reference], AfterValidator(_a_bucket)] = Field(
        description="The bucket that answers, unless a path says otherwise"
    )
    index: str = Field(
        default="index.html", pattern=r"^[A-Za-z0-9_.-]+$", max_length=255, description="The object that answers /"
    )
    pages: Literal["files", "folders", "single"] = Field(
        default="files",
        description=(
            "single for an application that routes by itself: every path without a file's ending answers with the "
            "index; folders when /a and /a/ mean /a/ with the index; files when a path is the object's name"
        ),
    )
    cache: Literal["none", "origin"] = Field(
        default="none",
        description="Whether pages are always fetched fresh (none), or cached for as long as each object says (origin)",
    )
    assets: tuple[PathPattern, ...] = Field(
        default=(),
        max_length=_MAX_PATHS,
        description="Paths of files whose name carries a hash of their content: cached for a year",
    )
    paths: tuple[CdnPath, ...] = Field(
        default=(), max_length=_MAX_PATHS, description="Paths that are answered differently, the most special first"
    )
    error_page: FilePath | None = Field(
        default=None, description="The object that answers, with status 404, where there is none, such as /404.html"
    )
    content_security_policy: str | None = Field(
        default=None,
        min_length=1,
        max_length=1783,
        description="Header Content-Security-Policy of everything that comes from a bucket",
    )
    domain: str | None = Field(
        default=None,
        pattern=r"^(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$",
        max_length=253,
        description="Public name; without one it answers under CloudFront's own, which still speaks TLS 1.0",
    )
    certificate_arn: str | None = Field(
        default=None,
        pattern=r"^arn:aws[a-z-]*:acm:us-east-1:\d{9,12}:certificate/[A-Za-z0-9-]+$",
        description="ARN of a certificate for the domain; CloudFront takes only those of us-east-1",
    )
    hosted_zone_id: str | None = Field(
        default=None,
        pattern=r"^Z[A-Z0-9]{1,31}$",
        description="Route 53 hosted zone of the domain: the name leads here, and without an ARN a certificate is made",
    )
    price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"] = Field(
        default="PriceClass_100", description="How many of CloudFront's locations serve it; 100 is Europe and America"
    )
    log_days: int | None = Field(
        default=None,
        ge=1,
        le=3653,
        description="Days for which access logs are kept, in a bucket of their own; null for none",
    )
    keep_data: bool = Field(default=False, description="Keep the access logs when the stack goes, until they are due")
    waf: Waf | None = Field(default=None, description="A web ACL with a limit on one address's requests")

    @model_validator(mode="after")
    def _named_and_certified(self) -> Self:
        if self.domain and not (self.certificate_arn or self.hosted_zone_id):
            raise ValueError(
                "a domain needs a certificate: give certificate_arn, or hosted_zone_id, for which one is made"
            )
        if not self.domain and (self.certificate_arn or self.hosted_zone_id):
            raise ValueError("certificate_arn and hosted_zone_id go with a domain; give that too")
        return self

    @model_validator(mode="after")
    def _each_path_once(self) -> Self:
        patterns = [path.pattern for path in self.all_paths]
        if twice := next((pattern for pattern in patterns if patterns.count(pattern) > 1), None):
            raise ValueError(f"{twice} stands in assets and paths more than once; say it once")
        if len(patterns) > _MAX_PATHS:
            raise ValueError(f"assets and paths are {len(patterns)}; CloudFront takes {_MAX_PATHS}")
        if self.error_page and any(path.origin and path.origin.kind == "load_balancer" for path in self.paths):
            raise ValueError(
                "error_page would also replace what the load balancer answers with status 404; leave out one of the two"
            )
        return self

    @property
    def all_paths(self) -> tuple[CdnPath, ...]:
        """Everything but the default, in the order in which CloudFront tries them."""
        return (*self.paths, *(CdnPath(pattern=pattern, cache="year") for pattern in self.assets))

    @property
    def origins(self) -> tuple[Reference, ...]:
        """Each origin once, the default's first."""
        found = (self.origin, *(path.origin for path in self.paths if path.origin))
        return tuple({reference.address: reference for reference in found}.values())

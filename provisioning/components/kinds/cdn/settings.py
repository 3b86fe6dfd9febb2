"""Settings of a CDN block: which origin answers which paths, how long answers are cached, and the
domain.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, InstanceOf, model_validator

from provisioning.components.kit.external_names import CertificateArn, HostedZoneId
from provisioning.components.kit.values import Block, BucketReference, Settings
from provisioning.components.kit.web_acl import Waf
from provisioning.design.graph import Reference

Caching: TypeAlias = Literal["none", "origin", "year"]
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern
PathPattern: TypeAlias = Annotated[str, Field(pattern=r"^/[A-Za-z0-9_.*$/~\"'@:+&?-]{1,254}$")]
FilePath: TypeAlias = Annotated[str, Field(pattern=r"^/[A-Za-z0-9_.~-]+(/[A-Za-z0-9_.~-]+)*$", max_length=255)]
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html, less the default behaviour
_MAX_PATHS = 74


def _require_origin(reference: Reference) -> Reference:
    if reference.kind not in ("bucket", "load_balancer"):
        raise ValueError(f"{reference} is a {reference.kind}; CloudFront fetches from a bucket or a load_balancer")
    return reference


class CdnPath(Block):
    """Paths with an origin or caching of their own."""

    pattern: PathPattern = Field(description="Paths that this applies to, such as /assets/*; the first match decides")
    origin: Annotated[InstanceOf[Reference], AfterValidator(_require_origin)] | None = Field(
        default=None,
        description="The bucket or load balancer that answers, with the full path; null for the CDN's own bucket",
    )
    cache: Caching = Field(
        default="none",
        description=(
            "year for files whose name contains a hash of their content; origin for as long as each object's headers say, "
            "or a day; none to fetch every time"
        ),
    )
    embeddable: bool = Field(
        default=False, description="Other sites may load these and show them in a frame, as embedded widgets need"
    )

    @model_validator(mode="after")
    def _answers_are_not_files(self) -> Self:
        if self.origin and self.origin.kind == "load_balancer" and (self.cache != "none" or self.embeddable):
            raise ValueError(
                f"{self.pattern}: a load balancer's answers are passed on unchanged; remove cache and embeddable"
            )
        return self


class CdnSettings(Settings):
    origin: BucketReference = Field(description="The bucket that answers, except for paths with an origin of their own")
    index: str = Field(
        default="index.html", pattern=r"^[A-Za-z0-9_.-]+$", max_length=255, description="The object that answers /"
    )
    pages: Literal["files", "folders", "single"] = Field(
        default="files",
        description=(
            "single for a single-page application: every path without a file extension answers with the index; folders "
            "if /a and /a/ mean /a/ followed by the index; files if a path is the object's name"
        ),
    )
    cache: Literal["none", "origin"] = Field(
        default="none",
        description="Whether pages are fetched every time (none), or cached for as long as each object's headers say (origin)",
    )
    assets: tuple[PathPattern, ...] = Field(
        default=(),
        max_length=_MAX_PATHS,
        description="Paths of files whose name contains a hash of their content: cached for a year",
    )
    paths: tuple[CdnPath, ...] = Field(
        default=(),
        max_length=_MAX_PATHS,
        description="Paths with an origin or caching of their own, the most specific first",
    )
    error_page: FilePath | None = Field(
        default=None, description="The object to send, with status 404, for a path without an object, such as /404.html"
    )
    content_security_policy: str | None = Field(
        default=None,
        min_length=1,
        max_length=1783,
        description="Content-Security-Policy header for everything that comes from a bucket",
    )
    domain: str | None = Field(
        default=None,
        pattern=r"^(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$",
        max_length=253,
        description="Public domain name; without one, CloudFront's own name is used, which still accepts TLS 1.0",
    )
    certificate_arn: CertificateArn | None = Field(
        default=None,
        pattern=r"^arn:aws[a-z-]*:acm:us-east-1:[0-9]{9,12}:certificate/[A-Za-z0-9-]+$",
        description="ARN of a certificate for the domain; CloudFront accepts only certificates in us-east-1",
    )
    hosted_zone_id: HostedZoneId | None = Field(
        default=None,
        description="Route 53 hosted zone of the domain, for its DNS records and, without certificate_arn, a new certificate",
    )
    price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"] = Field(
        default="PriceClass_100",
        description="Which of CloudFront's edge locations serve it; 100 means Europe and North America",
    )
    log_days: int | None = Field(
        default=None,
        ge=1,
        le=3653,
        description="Days to keep access logs, in a bucket of their own; null for none",
    )
    keep_data: bool = Field(
        default=False, description="Keep the access logs, until they expire, when the stack is deleted"
    )
    waf: Waf | None = Field(default=None, description="A web ACL with a rate limit per IP address")

    @model_validator(mode="after")
    def _named_and_certified(self) -> Self:
        if self.domain and not (self.certificate_arn or self.hosted_zone_id):
            raise ValueError("a domain needs a certificate: set certificate_arn, or hosted_zone_id to have one issued")
        if not self.domain and (self.certificate_arn or self.hosted_zone_id):
            raise ValueError("certificate_arn and hosted_zone_id need a domain; set domain too")
        return self

    @model_validator(mode="after")
    def _each_path_once(self) -> Self:
        patterns = [path.pattern for path in self.all_paths]
        if twice := next((pattern for pattern in patterns if patterns.count(pattern) > 1), None):
            raise ValueError(f"{twice} is in assets and paths more than once; list it once")
        if len(patterns) > _MAX_PATHS:
            raise ValueError(f"assets and paths have {len(patterns)} patterns; CloudFront accepts {_MAX_PATHS}")
        if self.error_page and any(path.origin and path.origin.kind == "load_balancer" for path in self.paths):
            raise ValueError(
                "error_page would also replace the load balancer's own answers with status 404; remove one of the two"
            )
        return self

    @property
    def all_paths(self) -> tuple[CdnPath, ...]:
        """All paths except the default, in the order in which CloudFront tries them."""
        return (*self.paths, *(CdnPath(pattern=pattern, cache="year") for pattern in self.assets))

    @property
    def origins(self) -> tuple[Reference, ...]:
        """Each origin once, the default origin first."""
        found = (self.origin, *(path.origin for path in self.paths if path.origin))
        return tuple({reference.address: reference for reference in found}.values())

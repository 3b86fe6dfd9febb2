"""Diagrams made by hand, larger and stranger than any blueprint that ships."""

from __future__ import annotations

import random
from typing import get_args

from provisioning.components.kit.values import Box, Tier
from provisioning.diagram.content import DiagramContent, Use


def large() -> DiagramContent:
    """Thirty components over all tiers and three regions."""
    rows: list[tuple[str, list[Box]]] = [
        ("network.main", [Box("public", "NAT gateway", "", "3, one per zone", egress=True)]),
        (
            "cdn.site",
            [Box("edge", "site", "CloudFront", "3 origins"), Box("internet", "Users", "", "browsers", label="443")],
        ),
        ("shield.front", [Box("edge", "front", "Web ACL", "2000 in 5 min", region="us-east-1")]),
        ("certificate.site", [Box("edge", "site", "Certificate", "*.example.com", region="us-east-1")]),
        (
            "load_balancer.public",
            [
                Box("public", "public", "Load balancer", "TLS 1.2+"),
                Box("internet", "Partners", "", "by API", label="443"),
            ],
        ),
        ("load_balancer.hooks", [Box("public", "hooks", "Load balancer", "TLS 1.2+")]),
    ]
    rows += [
        (f"service.{name}", [Box("private", name, "Service", "2 × 1 vCPU, 2 GB")])
        for name in ("api", "worker", "beat", "mailer", "reports", "search", "gateway")
    ]
    rows[11][1].append(Box("private", "files", "File system", "EFS, encrypted"))
    rows += [
        (
            "postgres.main",
            [
                Box("data", "main", "PostgreSQL 17", "db.m7g.large, standby"),
                Box("supporting", "database main", "Secrets", "generated"),
            ],
        ),
        ("postgres.replica", [Box("data", "replica", "PostgreSQL 17", "db.m7g.large")]),
        ("mysql.legacy", [Box("data", "legacy", "MariaDB 11", "db.t4g.medium")]),
        ("valkey.main", [Box("data", "main", "Valkey", "2 nodes")]),
        ("rabbitmq.main", [Box("data", "main", "RabbitMQ 4.2", "3 × mq.m7g.large")]),
    ]
    rows += [
        (f"bucket.{name}", [Box("supporting", name, "Buckets", "standard storage")]) for name in ("media", "documents")
    ]
    rows += [
        ("bucket.copy_of_the_documents", [Box("supporting", "copy_of_the_documents", "Buckets", "a replica", region="eu-west-1")]),
        ("backup.copy", [Box("supporting", "copy", "Backup vaults", "35 days", region="eu-west-1")]),
        ("queue.mail", [Box("supporting", "mail", "Queues", "with dead letters")]),
        ("topic.events", [Box("supporting", "events", "Topics", "SNS")]),
        ("email.main", [Box("supporting", "main", "Mail", "SES, DKIM")]),
        ("secret.claude", [Box("supporting", "claude", "Secrets", "provided by you")]),
        ("secret.signing", [Box("supporting", "signing", "Secrets", "generated")]),
        ("cluster.main", [Box("supporting", "main", "ECS cluster", "Graviton (ARM64)")]),
        ("function.thumbnails", [Box("supporting", "thumbnails", "Functions", "python3.13")]),
        (
            "deploy_role.github",
            [Box("supporting", "github", "Deploy roles", "by OIDC"), Box("internet", "GitHub Actions", "", "example/a-long-name", label="OIDC")],
        ),
    ]  # fmt: skip
    uses = [
        Use("cdn.site", "bucket.media", "origin"), Use("cdn.site", "load_balancer.public", "443"),
        Use("cdn.site", "shield.front"), Use("cdn.site", "certificate.site"),
        Use("load_balancer.public", "service.api", "8000"), Use("load_balancer.hooks", "service.gateway", "8080"),
        Use("service.gateway", "rabbitmq.main", "5671 TLS"), Use("service.search", "postgres.replica", "5432 TLS"),
        Use("service.reports", "mysql.legacy", "3306 TLS"), Use("service.reports", "postgres.replica", "5432 TLS"),
        Use("service.beat", "valkey.main", "6379 TLS"), Use("service.mailer", "queue.mail", "messages"),
        Use("service.mailer", "email.main", "send"), Use("postgres.replica", "postgres.main", "5432"),
        Use("function.thumbnails", "bucket.media", "objects"), Use("function.thumbnails", "queue.mail", "messages"),
        Use("function.thumbnails", "service.api", "8000"), Use("bucket.documents", "bucket.copy_of_the_documents", "replication"),
        Use("postgres.main", "backup.copy", "backups"), Use("topic.events", "queue.mail", "messages"),
        Use("service.search", "load_balancer.hooks", "443"),
    ]  # fmt: skip
    for service in ("api", "worker"):
        uses += [
            Use(f"service.{service}", used, label)
            for used, label in (
                ("postgres.main", "5432 TLS"), ("valkey.main", "6379 TLS"), ("rabbitmq.main", "5671 TLS"),
                ("service.search", "7700"), ("bucket.documents", "objects"), ("secret.claude", "read"),
                ("secret.signing", "read"), ("topic.events", "publish"),
            )
        ]  # fmt: skip
    kinds = {address: address.split(".")[0].replace("_", " ").capitalize() for address, _ in rows}
    boxes = {address: tuple(found) for address, found in rows}
    return DiagramContent("a large one", "eu-central-1", boxes, kinds, tuple(uses), network="VPC 10.0.0.0/16 · 3 zones")


def scattered(seed: int) -> DiagramContent:
    """Anything: any number of boxes in any tiers, using each other as chance will have it."""
    chance = random.Random(seed)
    tiers = chance.sample(get_args(Tier), chance.randint(1, 6))
    boxes = {}
    for number in range(chance.randint(1, 28)):
        tier = chance.choice(tiers)
        region = chance.choice(["", "", "", "us-east-1", "eu-west-1"]) if tier in ("edge", "supporting") else ""
        kind = chance.choice(["Service", "Load balancer", "Buckets", "Secrets", "Queue"])
        own = [
            Box(
                tier,
                f"thing {number}",
                kind,
                "a fact",
                egress=tier == "public" and chance.random() < 0.3,
                region=region,
            )
        ]
        if chance.random() < 0.2:
            own.append(Box("internet", f"Users {number}", "", "many", label=chance.choice(["443", "", "80, 443"])))
        if chance.random() < 0.2:
            own.append(Box(tier, f"files {number}", "Files", "EFS"))
        boxes[f"thing.{number}"] = tuple(own)
    names = list(boxes)
    pairs = {(chance.choice(names), chance.choice(names)) for _ in range(chance.randint(0, 2 * len(names)))}
    uses = [
        Use(a, b, chance.choice(["443", "", "a label of some length", "5432 TLS"])) for a, b in sorted(pairs) if a != b
    ]
    network = chance.choice(["", "VPC 10.0.0.0/16 · 3 zones"])
    return DiagramContent("chance", "eu-central-1", boxes, dict.fromkeys(boxes, "Thing"), tuple(uses), network=network)

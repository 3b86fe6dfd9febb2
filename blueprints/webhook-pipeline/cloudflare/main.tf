# Cloudflare's part of the webhook pipeline: the names, who may call, how often, and the secret that only Cloudflare
# adds. README.md says where each value comes from.

terraform {
  required_version = ">= 1.5"
  required_providers {
    cloudflare = {
      source  = "cloudflare/cloudflare"
      version = "~> 5.0"
    }
  }
}

variable "account_id" {
  type        = string
  description = "Cloudflare account"
}

variable "zone_id" {
  type        = string
  description = "Cloudflare zone that the domains belong to"
}

variable "domains" {
  type        = set(string)
  description = "Names of this zone that webhooks are sent to; all of them among the blueprint's domains"
}

variable "receiver_host" {
  type        = string
  description = "Output ReceiverHost of the environment"
}

variable "webhook_secret" {
  type        = string
  sensitive   = true
  description = "Value of the secret behind the output WebhookSecretArn"
}

variable "secret_header" {
  type        = string
  description = "The blueprint's secret_header"
  default     = "x-webhook-secret"
}

variable "methods" {
  type        = set(string)
  description = "The blueprint's methods"
  default     = ["POST"]
}

variable "allowed_sources" {
  type        = list(string)
  description = "Addresses or ranges that may send webhooks; empty means anybody"
  default     = []
}

variable "requests_per_10_seconds" {
  type        = number
  description = "Most webhooks from one address in ten seconds"
  default     = 100
}

variable "use_origin_rule" {
  type        = bool
  description = "Override the Host header by an origin rule (Enterprise plan) instead of a Worker (every plan)"
  default     = false
}

locals {
  names   = join(" ", [for name in sort(var.domains) : "\"${name}\""])
  methods = join(" ", [for method in sort(var.methods) : "\"${method}\""])
  sources = join(" ", var.allowed_sources)
  here    = "http.host in {${local.names}}"
}

resource "cloudflare_dns_record" "webhooks" {
  for_each = var.domains

  zone_id = var.zone_id
  name    = each.key
  type    = "CNAME"
  content = var.receiver_host
  ttl     = 1
  proxied = true
}

# Only the methods that the receiver takes, and only from approved sources where they are known.
resource "cloudflare_ruleset" "firewall" {
  zone_id = var.zone_id
  name    = "Webhooks: who may call"
  kind    = "zone"
  phase   = "http_request_firewall_custom"
  rules = concat(
    [{
      ref         = "webhooks_method"
      description = "Webhooks come by these methods"
      expression  = "${local.here} and not http.request.method in {${local.methods}}"
      action      = "block"
    }],
    length(var.allowed_sources) == 0 ? [] : [{
      ref         = "webhooks_sources"
      description = "Webhooks come from approved sources"
      expression  = "${local.here} and not ip.src in {${local.sources}}"
      action      = "block"
    }]
  )
}

# Ten seconds is the period that every plan has.
resource "cloudflare_ruleset" "rate" {
  zone_id = var.zone_id
  name    = "Webhooks: how often"
  kind    = "zone"
  phase   = "http_ratelimit"
  rules = [{
    ref         = "webhooks_rate"
    description = "So many from one address"
    expression  = local.here
    action      = "block"
    ratelimit = {
      characteristics     = ["cf.colo.id", "ip.src"]
      period              = 10
      requests_per_period = var.requests_per_10_seconds
      mitigation_timeout  = 10
    }
  }]
}

# What the receiver believes: the secret, and the name that was called. "set" replaces what a caller sent himself.
resource "cloudflare_ruleset" "secret" {
  zone_id = var.zone_id
  name    = "Webhooks: the secret header"
  kind    = "zone"
  phase   = "http_request_late_transform"
  rules = [{
    ref         = "webhooks_secret"
    description = "Only Cloudflare knows it"
    expression  = local.here
    action      = "rewrite"
    action_parameters = {
      headers = {
        (var.secret_header)  = { operation = "set", value = var.webhook_secret }
        "x-forwarded-host" = { operation = "set", expression = "http.host" }
      }
    }
  }]
}

# A function URL answers under its own name only, so the Host header has to become that name.
resource "cloudflare_ruleset" "origin" {
  count   = var.use_origin_rule ? 1 : 0
  zone_id = var.zone_id
  name    = "Webhooks: where they go"
  kind    = "zone"
  phase   = "http_request_origin"
  rules = [{
    ref         = "webhooks_origin"
    description = "To the receiver, under its own name"
    expression  = local.here
    action      = "route"
    action_parameters = {
      host_header = var.receiver_host
      origin      = { host = var.receiver_host }
      sni         = { value = var.receiver_host }
    }
  }]
}

resource "cloudflare_workers_script" "origin" {
  count              = var.use_origin_rule ? 0 : 1
  account_id         = var.account_id
  script_name        = replace("webhooks-${sort(var.domains)[0]}", ".", "-")
  main_module        = "worker.mjs"
  compatibility_date = "2025-10-01"
  content            = file("${path.module}/worker.mjs")
  bindings = [{
    name = "RECEIVER_HOST"
    type = "plain_text"
    text = var.receiver_host
  }]
}

resource "cloudflare_workers_route" "origin" {
  for_each = var.use_origin_rule ? toset([]) : var.domains

  zone_id = var.zone_id
  pattern = "${each.key}/*"
  script  = cloudflare_workers_script.origin[0].script_name
}

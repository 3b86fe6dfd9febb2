blueprint {
  title    = "Amply"
  summary  = "CloudFront front end and widgets, API and workers on Fargate, PostgreSQL, Redis, SQS, SES"
  version  = "1.0.2"
  maturity = "published"
  regions  = ["eu-central-1", "eu-north-1", "eu-west-1", "us-east-1", "us-west-2"]
}

variable "image" {
  type        = string
  description = "Container image of the API and the workers"
  example     = "public.ecr.aws/docker/library/python:3.13-slim"
  validation {
    pattern = "^[a-z0-9]+([.-]+[a-z0-9]+)*(:[0-9]{1,5}/)?([a-z0-9._/-]*[a-z0-9])?(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$"
    message = "is not a container image, such as public.ecr.aws/alias/name:1.2.3"
  }
}

variable "architecture" {
  type        = string
  description = "Processor that the image is built for"
  default     = "x86_64"
  validation { allowed = ["x86_64", "arm64"] }
}

variable "worker_command" {
  type        = list(string)
  description = "Command of the workers, instead of the image's own command"
  default     = ["celery", "-A", "app", "worker"]
  validation {
    pattern = "^[!-~]([ -~]*[!-~])?$"
    message = "has a word that is empty, begins or ends with a space, or contains other characters than ASCII"
  }
}

variable "health_check" {
  type        = string
  description = "Path on which the API returns 200 while it is healthy"
  default     = "/health"
  validation {
    pattern = "^/[A-Za-z0-9._~!&'()*+,;=:@%/?-]*$"
    message = "is not a path of a URL; it must begin with / and contain no spaces, braces or quotation marks"
  }
}

variable "domain" {
  type        = string
  description = "Name of the front end; the API is under /api of it, the widgets under /widgets"
  example     = "amply.example.com"
  validation {
    pattern = "^[a-z0-9-]+([.][a-z0-9-]+)+$"
    message = "is not a domain name in lowercase"
  }
}

variable "hosted_zone_id" {
  type        = string
  description = "Route 53 hosted zone of the domain: certificates are created and validated in it, and records for CloudFront, the load balancer (api.) and SES"
  unless      = "certificate_arn"
  example     = "Z0123456789ABCDEFGHIJ"
  validation {
    pattern = "^Z[A-Z0-9]+$"
    message = "is not a hosted zone ID; it must begin with Z"
  }
}

variable "certificate_arn" {
  type        = string
  description = "ACM certificate for the domain in the environment's region, instead of a hosted zone; requires edge_certificate_arn"
  default     = null
  validation {
    pattern = "^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$"
    message = "is not the ARN of an ACM certificate"
  }
}

variable "edge_certificate_arn" {
  type        = string
  description = "ACM certificate for the domain in us-east-1, the only region from which CloudFront accepts one"
  default     = null
  validation {
    pattern = "^arn:aws[a-z-]*:acm:us-east-1:[0-9]{12}:certificate/[A-Za-z0-9-]+$"
    message = "is not the ARN of an ACM certificate in us-east-1"
  }
}

variable "email_domain" {
  type        = string
  description = "Domain that mail is sent from; SES verifies a domain once per account and region, so each environment needs its own"
  example     = "mail.amply.example.com"
  validation {
    pattern = "^[a-z0-9-]+([.][a-z0-9-]+)+$"
    message = "is not a domain name in lowercase"
  }
}

variable "email_domain_is_verified" {
  type        = bool
  description = "Whether SES has already verified the domain in this account and region; it is then used unchanged, must be listed for the team, and be tagged portal:team"
  default     = false
}

variable "sentry" {
  type        = bool
  description = "Whether to create a secret for Sentry's DSN, which you provide and which API and workers receive as SENTRY_DSN"
  default     = false
}

variable "replica_region" {
  type        = string
  description = "Region of the storage bucket's copy; null for the nearest one in the same jurisdiction"
  default     = null
  validation {
    pattern = "^[a-z]{2}(-[a-z]+)+-[0-9]$"
    message = "is not a region, such as eu-west-1"
  }
}

variable "github_repository" {
  type        = string
  description = "GitHub repository (owner/name) whose main branch may deploy, through the account's GitHub identity provider"
  example     = "example/amply"
  validation {
    pattern = "^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$"
    message = "is not a repository in the form owner/name"
  }
}

# All differences between the sizes.
size "dev" {
  nat         = "single"
  cache_nodes = 1
  protect     = false
  keep_data   = false
}

size "staging" {
  nat         = "per_az"
  cache_nodes = 2
  protect     = false
  keep_data   = true
}

size "prod" {
  approval    = "required"
  nat         = "per_az"
  cache_nodes = 2
  protect     = true
  keep_data   = true
}

component "cdn" "edge" {
  origin          = component.bucket.frontend
  pages           = "single"
  assets          = ["/assets/*"]
  domain          = var.domain
  hosted_zone_id  = var.hosted_zone_id
  certificate_arn = var.edge_certificate_arn
  paths           = [
    { pattern = "/api/*", origin = component.load_balancer.public },
    { pattern = "/widgets/*", origin = component.bucket.widgets, cache = "origin", embeddable = true },
  ]
}

component "bucket" "frontend" {
  versioned = true
  keep_data = size.keep_data
}

component "bucket" "widgets" {
  versioned = true
  keep_data = size.keep_data
}

component "network" "main" {
  cidr  = "10.0.0.0/16"
  azs   = 2
  nat   = size.nat
  tiers = {
    public  = ["10.0.1.0/24", "10.0.2.0/24"]
    private = ["10.0.10.0/24", "10.0.20.0/24"]
    data    = ["10.0.100.0/24", "10.0.200.0/24"]
  }
}

component "load_balancer" "public" {
  certificate = {
    arn            = var.certificate_arn
    domain         = var.hosted_zone_id == null ? null : "api.${var.domain}"
    hosted_zone_id = var.hosted_zone_id
  }
  target        = component.service.api
  health_check  = var.health_check
  http_redirect = false
  protect       = size.protect
}

component "cluster" "main" {
  architecture = var.architecture
}

component "service" "api" {
  image       = var.image
  port        = 8000
  cpu         = 512
  memory      = 1024
  tasks       = { desired = 2, min = 2, max = 2 }
  metrics     = true
  environment = { PUBLIC_URL = "https://${var.domain}" }
  uses        = [component.postgres.main, component.redis.main, component.bucket.storage, component.queue.jobs,
                 component.email.mail, component.secret.application, component.secret.stripe, component.secret.sentry]
}

component "service" "worker" {
  image       = var.image
  command     = var.worker_command
  cpu         = 512
  memory      = 1024
  tasks       = { desired = 2, min = 2, max = 2 }
  metrics     = true
  environment = { PUBLIC_URL = "https://${var.domain}" }
  uses        = component.service.api.uses
}

component "postgres" "main" {
  version        = "17.9"
  instance_class = "db.t3.small"
  storage_gb     = { from = 20, to = 100 }
  multi_az       = true
  backup_days    = 7
  protect        = size.protect
  keep_data      = size.keep_data
}

component "redis" "main" {
  capacity  = { mode = "nodes", node_type = "cache.t3.micro", nodes = size.cache_nodes }
  keep_data = size.keep_data
}

component "bucket" "storage" {
  critical                  = true
  replica_region            = var.replica_region
  replica_within_15_minutes = true
  keep_data                 = size.keep_data
}

component "queue" "jobs" {
  visibility_seconds = 300
  old_after_minutes  = 15
}

component "email" "mail" {
  domain         = var.email_domain
  hosted_zone_id = var.email_domain_is_verified ? null : var.hosted_zone_id
  existing       = var.email_domain_is_verified
}

component "backup" "monthly" {
  databases = [component.postgres.main]
  every     = "monthly"
  keep_days = 365
  keep_data = size.keep_data
}

component "secret" "application" {
  generate    = ["secret_key", "jwt_secret"]
  description = "Application key that signs sessions and tokens"
}

component "secret" "stripe" {
  provided    = true
  variable    = "STRIPE_API_KEY"
  description = "Stripe API key"
}

component "secret" "sentry" {
  enabled     = var.sentry
  provided    = true
  variable    = "SENTRY_DSN"
  description = "Sentry DSN for the application's errors"
}

component "deploy_role" "github" {
  repository    = var.github_repository
  services      = [component.service.api, component.service.worker]
  buckets       = [component.bucket.frontend, component.bucket.widgets]
  distributions = [component.cdn.edge]
}

component "alarm_topic" "main" {}

component "dashboard" "main" {}

output "url" {
  value       = component.cdn.edge.url
  description = "URL of the front end"
}

output "cdn_host" {
  value       = component.cdn.edge.host
  description = "Target of the domain's DNS record if you gave no hosted zone"
}

output "load_balancer_host" {
  value       = component.load_balancer.public.host
  description = "URL at which CloudFront reaches the API"
}

output "distribution_id" {
  value       = component.cdn.edge.id
  description = "Distribution to invalidate"
}

output "frontend_bucket" {
  value       = component.bucket.frontend.name
  description = "Bucket for the front end's build"
}

output "widgets_bucket" {
  value       = component.bucket.widgets.name
  description = "Bucket for the widgets' build, under widgets/"
}

output "storage_bucket"         { value = component.bucket.storage.name }
output "storage_replica_bucket" { value = component.bucket.storage.replica }
output "jobs_queue_url"         { value = component.queue.jobs.url }
output "failed_jobs_queue_url"  { value = component.queue.jobs.failed_url }
output "database_endpoint"      { value = component.postgres.main.endpoint }
output "cache_endpoint"         { value = component.redis.main.endpoint }
output "backup_vault"           { value = component.backup.monthly.vault }
output "cluster_name"           { value = component.cluster.main.name }
output "deploy_role_arn"        { value = component.deploy_role.github.arn }
output "dashboard_url"          { value = component.dashboard.main.url }

output "alarm_topic_arn" {
  value       = component.alarm_topic.main.arn
  description = "Topic of all alarms; subscribe the people who should receive them"
}

output "mail_dkim_1" {
  value       = component.email.mail.dkim_1
  description = "DKIM records to create if you gave no hosted zone"
}

output "mail_dkim_2" { value = component.email.mail.dkim_2 }
output "mail_dkim_3" { value = component.email.mail.dkim_3 }

output "database_secret_arn"    { value = component.postgres.main.secret_arn }
output "cache_secret_arn"       { value = component.redis.main.secret_arn }
output "application_secret_arn" { value = component.secret.application.arn }

output "stripe_secret_arn" {
  value       = component.secret.stripe.arn
  description = "Secret for the Stripe API key, which you provide"
}

output "sentry_secret_arn" {
  value       = component.secret.sentry.arn
  description = "Secret for the Sentry DSN, which you provide"
}

# The likely figures are those of the reference architecture's cost table.
usage {
  storage_gb             = { low = 10, likely = 100, high = 1000 }
  cdn_gb                 = { low = 10, likely = 100, high = 1000 }
  sqs_requests_millions  = { low = 0.1, likely = 1, high = 20 }
  emails_thousands       = { low = 1, likely = 10, high = 100 }
  secrets                = { low = 5, likely = 10, high = 10 }
  hosted_zones           = { low = 0, likely = 1, high = 1 }
  nat_gb_per_month       = { low = 10, likely = 50, high = 250 }
  api_requests_millions  = { low = 0.5, likely = 2, high = 20 }
  replication_gb         = { low = 1, likely = 10, high = 100 }
  log_gb                 = { low = 2, likely = 10, high = 50 }
}

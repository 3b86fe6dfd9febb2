blueprint {
  title    = "Carbon Connect"
  summary  = "API, workers and scheduler on Fargate, search engine, PostgreSQL with pgvector, Valkey"
  version  = "1.1.2"
  maturity = "published"
  regions  = ["eu-north-1", "eu-central-1", "us-east-1", "us-west-2", "eu-west-1"]
}

variable "api_image" {
  type        = string
  description = "Container image of the API, workers and scheduler, for ARM64"
  example     = "public.ecr.aws/docker/library/python:3.13-slim"
  validation {
    pattern = "^[a-z0-9]+([.-]+[a-z0-9]+)*(:[0-9]{1,5}/)?([a-z0-9._/-]*[a-z0-9])?(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$"
    message = "is not a container image, such as public.ecr.aws/alias/name:1.2.3"
  }
}

variable "certificate_arn" {
  type        = string
  description = "ACM certificate for the load balancer, in the environment's region"
  unless      = "domain"
  example     = "arn:aws:acm:eu-north-1:123456789012:certificate/0f0f0f0f-0000-4000-8000-000000000000"
  validation {
    pattern = "^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$"
    message = "is not the ARN of an ACM certificate"
  }
}

variable "domain" {
  type        = string
  description = "Public name, instead of a certificate: a certificate and a DNS record for the load balancer are created for it"
  default     = null
  validation {
    pattern = "^[a-z0-9-]+([.][a-z0-9-]+)+$"
    message = "is not a domain name in lowercase"
  }
}

variable "hosted_zone_id" {
  type        = string
  description = "Route 53 hosted zone of the domain; required with domain"
  default     = null
  validation {
    pattern = "^Z[A-Z0-9]+$"
    message = "is not a hosted zone ID; it must begin with Z"
  }
}

variable "github_repository" {
  type        = string
  description = "GitHub repository (owner/name) whose main branch may deploy, through the account's GitHub identity provider"
  example     = "example/carbon-connect"
  validation {
    pattern = "^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$"
    message = "is not a repository in the form owner/name"
  }
}

# All differences between the sizes.
size "dev" {
  nat               = "single"
  database_multi_az = false
  protect           = false
  keep_data         = false
  cache             = { mode = "serverless" }
}

size "staging" {
  nat               = "single"
  database_multi_az = false
  protect           = false
  keep_data         = true
  cache             = { mode = "serverless" }
}

size "prod" {
  approval          = "required"
  nat               = "per_az"
  database_multi_az = true
  protect           = true
  keep_data         = true
  cache             = { mode = "nodes", node_type = "cache.t4g.medium", nodes = 2 }
}

component "network" "main" {
  cidr  = "10.0.0.0/16"
  azs   = 3
  nat   = size.nat
  tiers = {
    public  = ["10.0.0.0/20", "10.0.16.0/20", "10.0.32.0/20"]
    private = ["10.0.48.0/20", "10.0.64.0/20", "10.0.80.0/20"]
    data    = ["10.0.96.0/20", "10.0.112.0/20", "10.0.128.0/20"]
  }
}

component "postgres" "main" {
  version        = "16.13"
  instance_class = "db.t4g.medium"
  storage_gb     = { from = 50, to = 200 }
  multi_az       = size.database_multi_az
  backup_days    = 7
  protect        = size.protect
  keep_data      = size.keep_data
  extensions     = ["vector", "uuid-ossp"]
}

component "valkey" "main" {
  capacity  = size.cache
  keep_data = size.keep_data
}

component "bucket" "documents" {
  lifecycle = { intelligent_tiering_after_days = 30, glacier_after_days = 180 }
  versioned = true
  keep_data = size.keep_data
}

component "bucket" "media" {
  keep_data = size.keep_data
}

component "secret" "application" {
  generate    = ["jwt_secret", "session_key"]
  description = "JWT secret and session key of the application"
}

component "secret" "search_key" {
  generate    = ["meili_master_key"]
  description = "Meilisearch master key"
}

component "secret" "claude" {
  provided    = true
  variable    = "CLAUDE_API_KEY"
  description = "Claude API key"
}

component "secret" "climatiq" {
  provided    = true
  variable    = "CLIMATIQ_API_KEY"
  description = "Climatiq API key"
}

component "cluster" "main" {
  container_insights = true
  architecture       = "arm64"
}

component "service" "search" {
  image       = "docker.io/getmeili/meilisearch:v1.11"
  port        = 7700
  cpu         = 512
  memory      = 1024
  storage     = { path = "/meili_data" }
  keep_data   = size.keep_data
  environment = { MEILI_ENV = "production", MEILI_NO_ANALYTICS = "true" }
  uses        = [component.secret.search_key]
}

component "service" "api" {
  image   = var.api_image
  port    = 8000
  cpu     = 1024
  memory  = 2048
  tasks   = { desired = 2, min = 1, max = 10, cpu_target = 70, memory_target = 75 }
  metrics = true
  uses    = [component.postgres.main, component.valkey.main, component.service.search,
             component.bucket.documents, component.bucket.media, component.secret.application,
             component.secret.search_key, component.secret.claude, component.secret.climatiq]
}

component "service" "worker" {
  image    = var.api_image
  command  = ["celery", "-A", "app", "worker"]
  cpu      = 1024
  memory   = 2048
  capacity = "spot"
  tasks    = { desired = 2, min = 1, max = 10, backlog_per_task = 100 }
  metrics  = true
  uses     = component.service.api.uses
}

component "service" "beat" {
  image     = var.api_image
  command   = ["celery", "-A", "app", "beat"]
  cpu       = 256
  memory    = 512
  singleton = true
  metrics   = true
  uses      = [component.valkey.main]
}

component "load_balancer" "public" {
  certificate  = { arn = var.domain == null ? var.certificate_arn : null, domain = var.domain, hosted_zone_id = var.hosted_zone_id }
  target       = component.service.api
  health_check = "/api/v1/health"
  waf          = { requests_per_5_minutes = 2000 }
  protect      = size.protect
}

component "deploy_role" "github" {
  repository = var.github_repository
  services   = [component.service.api, component.service.worker, component.service.beat]
}

output "url" {
  value       = component.load_balancer.public.url
  description = "URL of the API"
}

output "load_balancer_host" {
  value       = component.load_balancer.public.host
  description = "Target for your DNS name"
}

output "database_endpoint" { value = component.postgres.main.endpoint }
output "cache_endpoint"    { value = component.valkey.main.endpoint }
output "documents_bucket"  { value = component.bucket.documents.name }
output "media_bucket"      { value = component.bucket.media.name }
output "cluster_name"      { value = component.cluster.main.name }
output "deploy_role_arn"   { value = component.deploy_role.github.arn }

output "database_secret_arn"    { value = component.postgres.main.secret_arn }
output "application_secret_arn" { value = component.secret.application.arn }
output "search_key_secret_arn"  { value = component.secret.search_key.arn }

output "claude_secret_arn" {
  value       = component.secret.claude.arn
  description = "Secret for the Claude API key, which you provide"
}

output "climatiq_secret_arn" {
  value       = component.secret.climatiq.arn
  description = "Secret for the Climatiq API key, which you provide"
}

usage {
  nat_gb_per_month      = { low = 20, likely = 100, high = 500 }
  api_requests_millions = { low = 1, likely = 5, high = 30 }
  documents_gb          = { low = 10, likely = 100, high = 1000 }
  log_gb                = { low = 2, likely = 10, high = 50 }
}

blueprint {
  title    = "Infracast"
  summary  = "Single-page application on CloudFront, API on Fargate, PostgreSQL with a standby, evidence bucket"
  version  = "1.0.2"
  maturity = "published"
  regions  = ["us-east-1", "us-west-2", "eu-central-1", "eu-north-1", "eu-west-1"]
  tags     = var.tags
}

# These variables have the names of the Terraform module "vulcan", so that its module block or .tfvars
# fills in the form. The module's `environment` is the size.

variable "vpc_cidr" {
  type        = string
  description = "Address range of the network, divided into public, private and data subnets in two zones"
  default     = "10.0.0.0/16"
  validation {
    pattern = "^([0-9]{1,3}[.]){3}[0-9]{1,3}/(1[6-9]|2[0-4])$"
    message = "is not an address range between /16 and /24, such as 10.0.0.0/16"
  }
}

variable "ecs_cpu" {
  type        = number
  description = "CPU units of one API task, 1024 to a processor"
  default     = size.ecs_cpu
  validation { allowed = [256, 512, 1024, 2048, 4096, 8192, 16384] }
}

variable "ecs_memory" {
  type        = number
  description = "MiB of memory of one API task; the sizes that Fargate offers depend on ecs_cpu"
  default     = size.ecs_memory
  validation {
    min = 512
    max = 122880
  }
}

variable "ecs_desired_count" {
  type        = number
  description = "Initial and minimum number of API tasks"
  default     = size.ecs_desired_count
  validation {
    min = 1
    max = 100
  }
}

variable "db_instance_class" {
  type        = string
  description = "RDS instance class of the database"
  default     = size.db_instance_class
  validation {
    pattern = "^db[.][a-z0-9]+[.][a-z0-9]+$"
    message = "is not an RDS instance class, such as db.r5.large"
  }
}

variable "db_multi_az" {
  type        = bool
  description = "Whether the database has a standby in the second zone"
  default     = size.db_multi_az
}

variable "db_storage_gb" {
  type        = number
  description = "Initial storage of the database in gigabytes"
  default     = size.db_storage_gb
  validation {
    min = 20
    max = 13000
  }
}

variable "domain_name" {
  type        = string
  description = "Public name of the API"
  example     = "infracast.example.com"
  validation {
    pattern = "^[a-z0-9-]+([.][a-z0-9-]+)+$"
    message = "is not a domain name in lowercase"
  }
}

variable "certificate_arn" {
  type        = string
  description = "ACM certificate for domain_name, in the environment's region; you must create the CNAME from the name to the load balancer"
  unless      = "hosted_zone_id"
  example     = "arn:aws:acm:us-east-1:123456789012:certificate/0f0f0f0f-0000-4000-8000-000000000000"
  validation {
    pattern = "^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{9,12}:certificate/[A-Za-z0-9-]+$"
    message = "is not the ARN of an ACM certificate"
  }
}

variable "tags" {
  type        = map(string)
  description = "Your own tags, set on every resource that supports tags"
  default     = {}
}

# Variables that the module does not have.

variable "image" {
  type        = string
  description = "Container image of the API; it must respond to GET /healthz on port 8080 and migrate its database when it starts"
  example     = "public.ecr.aws/nginx/nginx:1.29"
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

variable "plugin_dir" {
  type        = string
  description = "Folder of the plugins inside the image"
  default     = "/usr/local/lib/infracast/plugins"
  validation {
    pattern = "^/[A-Za-z0-9_./-]*$"
    message = "is not an absolute path"
  }
}

variable "hosted_zone_id" {
  type        = string
  description = "Route 53 hosted zone of the names, instead of certificates: certificates and DNS records are created in it"
  default     = null
  validation {
    pattern = "^Z[A-Z0-9]+$"
    message = "is not a hosted zone ID; it must begin with Z"
  }
}

variable "ui_domain_name" {
  type        = string
  description = "Public name of the application; without one it has CloudFront's default name"
  default     = null
  validation {
    pattern = "^[a-z0-9-]+([.][a-z0-9-]+)+$"
    message = "is not a domain name in lowercase"
  }
}

variable "ui_certificate_arn" {
  type        = string
  description = "ACM certificate for ui_domain_name, in us-east-1; not needed with a hosted zone"
  default     = null
  validation {
    pattern = "^arn:aws[a-z-]*:acm:us-east-1:[0-9]{9,12}:certificate/[A-Za-z0-9-]+$"
    message = "is not the ARN of an ACM certificate in us-east-1"
  }
}

variable "hashed_assets" {
  type        = list(string)
  description = "Paths of the application's files whose name contains a hash of their content; they are cached for a year"
  default     = ["/assets/*", "/static/*", "/*.*.js", "/*.*.css"]
  validation {
    pattern = "^/[A-Za-z0-9_.*~-]+(/[A-Za-z0-9_.*~-]+)*$"
    message = "is not a path, such as /assets/*"
  }
}

variable "github_repository" {
  type        = string
  description = "GitHub repository (owner/name) whose main branch may deploy API and application; without it there is no deploy role"
  default     = null
  validation {
    pattern = "^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$"
    message = "is not a repository in the form owner/name"
  }
}

# All differences between the sizes.
size "dev" {
  nat                  = "single"
  ecs_cpu              = 512
  ecs_memory           = 1024
  ecs_desired_count    = 1
  ecs_max_count        = 3
  cpu_target           = 80
  db_instance_class    = "db.t3.medium"
  db_multi_az          = false
  db_storage_gb        = 20
  storage_grows        = false
  backup_days          = 7
  performance_insights = false
  protect              = false
  keep_data            = false
}

size "staging" {
  nat                  = "per_az"
  ecs_cpu              = 512
  ecs_memory           = 1024
  ecs_desired_count    = 2
  ecs_max_count        = 3
  cpu_target           = 70
  db_instance_class    = "db.t3.medium"
  db_multi_az          = true
  db_storage_gb        = 20
  storage_grows        = true
  backup_days          = 7
  performance_insights = true
  protect              = false
  keep_data            = true
}

size "prod" {
  approval             = "required"
  nat                  = "per_az"
  ecs_cpu              = 1024
  ecs_memory           = 2048
  ecs_desired_count    = 2
  ecs_max_count        = 10
  cpu_target           = 70
  db_instance_class    = "db.r5.large"
  db_multi_az          = true
  db_storage_gb        = 100
  storage_grows        = true
  backup_days          = 35
  performance_insights = true
  protect              = true
  keep_data            = true
}

component "cdn" "ui" {
  origin          = component.bucket.ui
  pages           = "single"
  assets          = var.hashed_assets
  domain          = var.ui_domain_name
  certificate_arn = var.ui_certificate_arn
  hosted_zone_id  = var.ui_domain_name == null ? null : var.hosted_zone_id
}

component "bucket" "ui" {
  keep_data = size.keep_data
}

component "network" "main" {
  cidr = var.vpc_cidr
  azs  = 2
  nat  = size.nat
}

component "load_balancer" "public" {
  certificate = {
    arn            = var.certificate_arn
    domain         = var.hosted_zone_id == null ? null : var.domain_name
    hosted_zone_id = var.hosted_zone_id
  }
  target        = component.service.api
  health_check  = "/healthz"
  drain_seconds = 30
  protect       = size.protect
}

component "cluster" "main" {
  architecture = var.architecture
}

# The service starts with one task, which migrates the database; scaling adds the others once it is healthy.
component "service" "api" {
  image  = var.image
  port   = 8080
  cpu    = var.ecs_cpu
  memory = var.ecs_memory
  tasks  = {
    desired    = var.ecs_desired_count
    min        = var.ecs_desired_count
    max        = var.ecs_desired_count < size.ecs_max_count ? size.ecs_max_count : var.ecs_desired_count * 2
    cpu_target = size.cpu_target
  }
  first_alone = true
  environment = {
    API_PORT        = "8080"
    PLUGIN_DIR      = var.plugin_dir
    CONTENT_CDN_URL = component.cdn.ui.url
  }
  uses = [component.postgres.main, component.bucket.evidence, component.secret.jwt]
}

component "postgres" "main" {
  version        = "15.17"
  instance_class = var.db_instance_class
  storage_gb     = { from = var.db_storage_gb, to = size.storage_grows ? var.db_storage_gb * 5 : null }
  multi_az       = var.db_multi_az
  backup_days    = size.backup_days
  url_secret     = true
  protect        = size.protect
  keep_data      = size.keep_data

  performance_insights = size.performance_insights
}

component "bucket" "evidence" {
  versioned = true
  keep_data = size.keep_data
}

component "secret" "jwt" {
  generate    = ["jwt_secret"]
  description = "Key that signs the API's tokens"
}

component "deploy_role" "github" {
  repository    = var.github_repository
  services      = [component.service.api]
  buckets       = [component.bucket.ui]
  distributions = [component.cdn.ui]
}

output "api_url" {
  value       = "https://${var.domain_name}"
  description = "URL of the API, once its DNS name points to it"
}

output "api_cname_target" {
  value       = component.load_balancer.public.host
  description = "Target of the API's DNS name: a CNAME to the load balancer"
}

output "ui_url" {
  value       = component.cdn.ui.url
  description = "URL of the application"
}

output "ui_cname_target" {
  value       = component.cdn.ui.host
  description = "Target of the application's DNS name: a CNAME to CloudFront"
}

output "ui_bucket" {
  value       = component.bucket.ui.name
  description = "Bucket for the built application"
}

output "ui_distribution_id" {
  value       = component.cdn.ui.id
  description = "Distribution; invalidate /index.html after an upload that must be visible immediately"
}

output "evidence_bucket"     { value = component.bucket.evidence.name }
output "database_endpoint"   { value = component.postgres.main.endpoint }
output "cluster_name"        { value = component.cluster.main.name }
output "service_name"        { value = component.service.api.name }
output "database_secret_arn" { value = component.postgres.main.secret_arn }
output "database_url_arn"    { value = component.postgres.main.url_secret_arn }
output "jwt_secret_arn"      { value = component.secret.jwt.arn }
output "deploy_role_arn"     { value = component.deploy_role.github.arn }

usage {
  nat_gb_per_month      = { low = 20, likely = 100, high = 500 }
  api_requests_millions = { low = 1, likely = 5, high = 30 }
  cdn_gb_per_month      = { low = 10, likely = 100, high = 1000 }
  cdn_requests_millions = { low = 0.5, likely = 5, high = 50 }
  evidence_gb           = { low = 5, likely = 50, high = 500 }
  log_gb                = { low = 2, likely = 10, high = 50 }
}

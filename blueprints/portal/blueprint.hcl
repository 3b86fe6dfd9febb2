blueprint {
  title    = "Portal"
  summary  = "This portal: web and worker services, PostgreSQL, Valkey, and the right to act in your accounts"
  version  = "1.0.2"
  maturity = "published"
  regions  = ["eu-central-1", "eu-north-1", "eu-west-1", "us-east-1", "us-west-2"]
}

variable "image" {
  type        = string
  description = "The portal's image, built from its Dockerfile for ARM64, in a registry from which the environment's account may pull it"
  example     = "public.ecr.aws/example/portal:1.0.0"
  validation {
    pattern = "^[a-z0-9]+([.-]+[a-z0-9]+)*(:[0-9]{1,5}/)?([a-z0-9._/-]*[a-z0-9])?(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$"
    message = "is not a container image, such as public.ecr.aws/alias/name:1.2.3"
  }
}

variable "domain" {
  type        = string
  description = "The only name under which the portal responds"
  example     = "portal.example.com"
  validation {
    pattern = "^[a-z0-9-]+([.][a-z0-9-]+)+$"
    message = "is not a domain name in lowercase"
  }
}

variable "hosted_zone_id" {
  type        = string
  description = "Route 53 hosted zone of the domain: the certificate and the portal's DNS record are created in it"
  unless      = "certificate_arn"
  example     = "Z0123456789ABCDEFGHIJ"
  validation {
    pattern = "^Z[A-Z0-9]+$"
    message = "is not a hosted zone ID; it must begin with Z"
  }
}

variable "certificate_arn" {
  type        = string
  description = "ACM certificate for the domain in the environment's region, instead of a hosted zone"
  default     = null
  validation {
    pattern = "^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$"
    message = "is not the ARN of an ACM certificate"
  }
}

variable "account_roles" {
  type        = list(string)
  description = "Roles that the portal may assume: role/portal, which onboarding creates, in each of your accounts"
  example     = ["arn:aws:iam::123456789012:role/portal"]
  validation {
    pattern = "^arn:aws[a-z-]*:iam::[0-9]{12}:role/portal$"
    message = "is not the role of a named account that onboarding creates, such as arn:aws:iam::123456789012:role/portal"
  }
}

variable "admin_username" {
  type        = string
  description = "Name of the first administrator, who is created when the database is empty; the password is generated"
  default     = "admin"
  validation {
    pattern = "^[a-z][a-z0-9_.-]{1,63}$"
    message = "is not a user name of 2 to 64 lowercase letters, digits, dots, hyphens and underscores"
  }
}

# All differences between the sizes.
size "dev" {
  approval          = "required"
  nat               = "single"
  database_class    = "db.t4g.micro"
  database_multi_az = false
  backup_days       = 7
  cache_nodes       = 1
  web               = { desired = 1, min = 1, max = 2, cpu_target = 70 }
  workers           = { desired = 1, min = 1, max = 1 }
  protect           = false
  keep_data         = false
}

size "staging" {
  approval          = "required"
  nat               = "per_az"
  database_class    = "db.t4g.micro"
  database_multi_az = true
  backup_days       = 7
  cache_nodes       = 2
  web               = { desired = 2, min = 2, max = 4, cpu_target = 70 }
  workers           = { desired = 2, min = 2, max = 2 }
  protect           = false
  keep_data         = true
}

size "prod" {
  approval          = "required"
  nat               = "per_az"
  database_class    = "db.t4g.medium"
  database_multi_az = true
  backup_days       = 35
  cache_nodes       = 2
  web               = { desired = 2, min = 2, max = 6, cpu_target = 70 }
  workers           = { desired = 2, min = 2, max = 2 }
  protect           = true
  keep_data         = true
}

component "network" "main" {
  cidr  = "10.0.0.0/16"
  azs   = 2
  nat   = size.nat
  tiers = {
    public  = ["10.0.0.0/20", "10.0.16.0/20"]
    private = ["10.0.32.0/20", "10.0.48.0/20"]
    data    = ["10.0.64.0/20", "10.0.80.0/20"]
  }
}

component "load_balancer" "public" {
  certificate = {
    arn            = var.certificate_arn
    domain         = var.certificate_arn == null ? var.domain : null
    hosted_zone_id = var.hosted_zone_id
  }
  target       = component.service.web
  health_check = "/healthz"
  waf          = { requests_per_5_minutes = 2000 }
  protect      = size.protect
}

component "cluster" "main" {
  architecture = "arm64"
}

# Migrations run before every task, under a lock in the database, so that the first task does them.
component "service" "web" {
  image       = var.image
  port        = 8000
  cpu         = 512
  memory      = 1024
  tasks       = size.web
  before      = { command = ["python", "manage.py", "prepare"] }
  environment = { ALLOWED_HOSTS = var.domain, ADMIN_USERNAME = var.admin_username }
  uses        = [component.postgres.main, component.valkey.main, component.secret.signing, component.secret.admin]
}

component "service" "worker" {
  image        = var.image
  command      = ["python", "manage.py", "worker"]
  cpu          = 512
  memory       = 1024
  tasks        = size.workers
  before       = { command = ["python", "manage.py", "prepare"] }
  assume_roles = var.account_roles
  environment  = { ALLOWED_HOSTS = var.domain }
  uses         = [component.postgres.main, component.valkey.main, component.secret.signing]
}

component "postgres" "main" {
  version        = "17.9"
  instance_class = size.database_class
  storage_gb     = { from = 20, to = 100 }
  multi_az       = size.database_multi_az
  backup_days    = size.backup_days
  protect        = size.protect
  keep_data      = size.keep_data
  database       = "portal"
}

component "valkey" "main" {
  capacity = { mode = "nodes", node_type = "cache.t4g.micro", nodes = size.cache_nodes }
}

component "secret" "signing" {
  generate    = ["secret_key"]
  description = "Key that signs the portal's sessions"
}

component "secret" "admin" {
  generate    = ["admin_password"]
  description = "First password of the first administrator"
}

output "url" {
  value       = component.load_balancer.public.url
  description = "URL of the portal, once its DNS name points to it"
}

output "load_balancer_host" {
  value       = component.load_balancer.public.host
  description = "Target of the domain's DNS record if you gave no hosted zone"
}

output "portal_principal_arn" {
  value       = component.service.worker.role_arn
  description = "Role that the portal acts as; the parameter PortalPrincipalArn of the onboarding template"
}

output "admin_secret_arn" {
  value       = component.secret.admin.arn
  description = "Secret with the first administrator's password; change it after the first sign-in"
}

output "database_endpoint"   { value = component.postgres.main.endpoint }
output "database_secret_arn" { value = component.postgres.main.secret_arn }
output "cluster_name"        { value = component.cluster.main.name }

usage {
  nat_gb_per_month      = { low = 2, likely = 10, high = 50 }
  api_requests_millions = { low = 0.1, likely = 1, high = 5 }
  log_gb                = { low = 1, likely = 3, high = 15 }
}

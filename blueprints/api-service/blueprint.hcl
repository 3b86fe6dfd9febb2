blueprint {
  title    = "API service"
  summary  = "API on Fargate behind Route 53 and a load balancer, PostgreSQL, Redis, RabbitMQ, Bedrock"
  version  = "1.0.2"
  maturity = "published"
  regions  = ["us-east-1", "us-west-2", "eu-central-1", "eu-north-1", "eu-west-1"]
}

variable "image" {
  type        = string
  description = "Container image of the API in a public ECR registry, for the chosen processor"
  example     = "public.ecr.aws/nginx/nginx:1.29"
  validation {
    pattern = "^public[.]ecr[.]aws/[a-z0-9_./-]+(:[A-Za-z0-9_.-]+)?(@sha256:[a-f0-9]{64})?$"
    message = "is not an image of a public ECR registry, such as public.ecr.aws/alias/name:1.2.3"
  }
}

variable "architecture" {
  type        = string
  description = "Processor that the image is built for"
  default     = "x86_64"
  validation { allowed = ["x86_64", "arm64"] }
}

variable "port" {
  type        = number
  description = "Port on which the API listens"
  default     = 8000
  validation {
    min = 1024
    max = 65535
  }
}

variable "health_check" {
  type        = string
  description = "Path that returns 200 while the API is healthy"
  default     = "/health"
  validation {
    pattern = "^/[A-Za-z0-9._~!&'()*+,;=:@%/?-]*$"
    message = "is not a path of a URL; it must begin with / and contain no spaces, braces or quotation marks"
  }
}

variable "models" {
  type        = list(string)
  description = "The only Bedrock models or inference profiles that the API may invoke"
  example     = ["amazon.nova-lite-v1:0"]
  validation {
    pattern = "^[a-z0-9-]+([.][a-z0-9-]+)+(:[a-z0-9]+)*$"
    message = "is not the id of a model or an inference profile, such as amazon.nova-lite-v1:0"
  }
}

variable "domain" {
  type        = string
  description = "Public name of the API: a certificate and a Route 53 record for the load balancer are created for it"
  unless      = "certificate_arn"
  example     = "api.example.com"
  validation {
    pattern = "^[a-z0-9-]+([.][a-z0-9-]+)+$"
    message = "is not a domain name in lowercase"
  }
}

variable "hosted_zone_id" {
  type        = string
  description = "Route 53 hosted zone of the domain"
  unless      = "certificate_arn"
  example     = "Z0123456789ABCDEFGHIJ"
  validation {
    pattern = "^Z[A-Z0-9]+$"
    message = "is not a hosted zone ID; it must begin with Z"
  }
}

variable "certificate_arn" {
  type        = string
  description = "ACM certificate in the environment's region, instead of a domain; your own DNS must then point to the load balancer"
  default     = null
  validation {
    pattern = "^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$"
    message = "is not the ARN of an ACM certificate"
  }
}

# All differences between the sizes.
size "dev" {
  nat               = "single"
  database_class    = "db.t4g.small"
  database_gb       = { from = 20, to = 100 }
  database_multi_az = false
  backup_days       = 7
  cache             = { mode = "nodes", node_type = "cache.t4g.micro", nodes = 1 }
  broker            = "single"
  broker_type       = "mq.m7g.medium"
  cpu               = 512
  memory            = 1024
  tasks             = { desired = 1, min = 1, max = 2, cpu_target = 70 }
  protect           = false
  keep_data         = false
}

size "staging" {
  nat               = "per_az"
  database_class    = "db.t4g.small"
  database_gb       = { from = 20, to = 100 }
  database_multi_az = true
  backup_days       = 7
  cache             = { mode = "nodes", node_type = "cache.t4g.micro", nodes = 2 }
  broker            = "cluster"
  broker_type       = "mq.m7g.medium"
  cpu               = 512
  memory            = 1024
  tasks             = { desired = 2, min = 2, max = 4, cpu_target = 70 }
  protect           = false
  keep_data         = true
}

size "prod" {
  approval          = "required"
  nat               = "per_az"
  database_class    = "db.m7g.large"
  database_gb       = { from = 100, to = 500 }
  database_multi_az = true
  backup_days       = 30
  cache             = { mode = "nodes", node_type = "cache.m7g.large", nodes = 2 }
  broker            = "cluster"
  broker_type       = "mq.m7g.large"
  cpu               = 1024
  memory            = 2048
  tasks             = { desired = 2, min = 2, max = 10, cpu_target = 70 }
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
  certificate  = { arn = var.certificate_arn, domain = var.domain, hosted_zone_id = var.hosted_zone_id }
  target       = component.service.api
  health_check = var.health_check
  protect      = size.protect
}

component "cluster" "main" {
  architecture = var.architecture
}

component "service" "api" {
  image  = var.image
  port   = var.port
  cpu    = size.cpu
  memory = size.memory
  tasks  = size.tasks
  uses   = [component.postgres.main, component.redis.main, component.rabbitmq_broker.main, component.bedrock.main,
            component.secret.api_keys]
}

component "postgres" "main" {
  version        = "17.9"
  instance_class = size.database_class
  storage_gb     = size.database_gb
  multi_az       = size.database_multi_az
  backup_days    = size.backup_days
  protect        = size.protect
  keep_data      = size.keep_data
}

component "redis" "main" {
  capacity  = size.cache
  keep_data = size.keep_data
}

component "rabbitmq_broker" "main" {
  deployment    = size.broker
  instance_type = size.broker_type
}

component "bedrock" "main" {
  models = var.models
}

component "secret" "api_keys" {
  provided    = true
  description = "API keys of the services that the API calls"
}

output "url" {
  value       = component.load_balancer.public.url
  description = "URL of the API"
}

output "load_balancer_host" {
  value       = component.load_balancer.public.host
  description = "Target for a DNS name of your own"
}

output "database_endpoint" { value = component.postgres.main.endpoint }
output "cache_endpoint"    { value = component.redis.main.endpoint }
output "broker_endpoint"   { value = component.rabbitmq_broker.main.endpoint }
output "cluster_name"      { value = component.cluster.main.name }
output "service_name"      { value = component.service.api.name }

output "database_secret_arn" { value = component.postgres.main.secret_arn }
output "cache_secret_arn"    { value = component.redis.main.secret_arn }
output "broker_secret_arn"   { value = component.rabbitmq_broker.main.secret_arn }

output "api_keys_secret_arn" {
  value       = component.secret.api_keys.arn
  description = "Secret for your API keys, which you provide"
}

usage {
  nat_gb_per_month          = { low = 20, likely = 100, high = 500 }
  api_requests_millions     = { low = 1, likely = 5, high = 30 }
  broker_storage_gb         = { low = 1, likely = 5, high = 50 }
  bedrock_input_mtokens     = { low = 1, likely = 20, high = 200 }
  bedrock_output_mtokens    = { low = 0.2, likely = 5, high = 50 }
  bedrock_endpoint_gb       = { low = 0.1, likely = 1, high = 10 }
  log_gb                    = { low = 2, likely = 10, high = 50 }
}

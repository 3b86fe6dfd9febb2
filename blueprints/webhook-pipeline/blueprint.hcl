blueprint {
  title    = "Webhook pipeline"
  summary  = "Lambda receiver behind Cloudflare, RabbitMQ on EC2, autoscaled processors, MariaDB or MySQL, Redis, full alarms"
  version  = "1.0.2"
  maturity = "published"
  regions  = ["eu-central-1", "eu-north-1", "us-east-1", "us-west-2", "eu-west-1"]
}

variable "processor_image" {
  type        = string
  description = "Container image of the request processor, for ARM64"
  example     = "public.ecr.aws/docker/library/python:3.13-slim"
  validation {
    pattern = "^[a-z0-9]+([.-]+[a-z0-9]+)*(:[0-9]{1,5}/)?([a-z0-9._/-]*[a-z0-9])?(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$"
    message = "is not a container image, such as public.ecr.aws/alias/name:1.2.3"
  }
}

variable "domains" {
  type        = string
  description = "Domains at Cloudflare that webhooks are sent to, separated by commas; the receiver accepts no others"
  example     = "hooks.example.com"
  validation {
    pattern = "^[a-z0-9-]+([.][a-z0-9-]+)+(,[a-z0-9-]+([.][a-z0-9-]+)+)*$"
    message = "is not a list of domain names in lowercase, separated by commas"
  }
}

variable "secret_header" {
  type        = string
  description = "Header in which Cloudflare sends the secret"
  default     = "x-webhook-secret"
  validation {
    pattern = "^x-([abd-z0-9]|c[a-eg-z0-9])[a-z0-9-]{1,57}$"
    message = "is not a header name in lowercase that begins with x-; names that begin with x-cf are reserved by Cloudflare"
  }
}

variable "methods" {
  type        = string
  description = "Accepted HTTP methods, separated by commas"
  default     = "POST"
  validation {
    pattern = "^[A-Z]+(,[A-Z]+)*$"
    message = "is not a list of methods in upper case, separated by commas"
  }
}

variable "most_bytes" {
  type        = number
  description = "Largest accepted webhook in bytes; Lambda itself accepts 6 MB"
  default     = 1048576
  validation {
    min = 1024
    max = 4000000
  }
}

variable "receiver_concurrency" {
  type        = number
  description = "Maximum number of concurrent webhooks, reserved from the account's Lambda quota; each uses a connection to RabbitMQ"
  default     = null
  validation {
    min = 1
    max = 1000
  }
}

variable "database_engine" {
  type        = string
  description = "mariadb or mysql"
  default     = "mariadb"
  validation {
    allowed = ["mariadb", "mysql"]
  }
}

variable "pagerduty_secret" {
  type        = string
  description = "Name of your team's secret with PagerDuty's integration URL (portal/<team>/…, listed for the team); without it you subscribe to the alarm topic by hand"
  default     = null
  validation {
    pattern = "^[A-Za-z0-9/_+=.@-]{1,512}$"
    message = "is not the name of a secret; it contains letters, digits and / _ + = . @ - only"
  }
}

variable "grafana_account_id" {
  type        = string
  description = "AWS account in which Grafana runs and from which it may read metrics and logs (listed for the team); requires grafana_external_id"
  default     = null
  validation {
    pattern = "^[0-9]{12}$"
    message = "is not an account id of 12 digits"
  }
}

variable "grafana_external_id" {
  type        = string
  description = "External id that Grafana shows for its data source"
  default     = null
  validation {
    pattern = "^[A-Za-z0-9_+=,.@:/-]{8,1224}$"
    message = "is not an external id of at least 8 letters, digits and the signs _ + = , . @ : / -"
  }
}

variable "loki_url" {
  type        = string
  description = "HTTPS URL of the Loki that receives the logs; without it logs are in CloudWatch only"
  default     = null
  validation {
    pattern = "^https://[A-Za-z0-9.-]+(:443)?(/[A-Za-z0-9._~/-]*)?$"
    message = "is not an https:// address on port 443 with a plain path, such as https://logs.example.com/loki"
  }
}

variable "loki_login_secret" {
  type        = string
  description = "Name of your team's secret with Loki's login, user:password (portal/<team>/…, listed for the team)"
  default     = null
  validation {
    pattern = "^[A-Za-z0-9/_+=.@-]{1,512}$"
    message = "is not the name of a secret; it contains letters, digits and / _ + = . @ - only"
  }
}

variable "prometheus_cidrs" {
  type        = list(string)
  description = "Private ranges from which Prometheus may read RabbitMQ's metrics, over TLS on port 15691"
  default     = []
  validation {
    pattern = "^([0-9]{1,3}[.]){3}[0-9]{1,3}/[0-9]{1,2}$"
    message = "is not a range, such as 10.20.0.0/16"
  }
}

variable "zabbix_server" {
  type        = string
  description = "Private address of your Zabbix server; without it the hosts run no Zabbix agent"
  default     = null
  validation {
    pattern = "^([0-9]{1,3}[.]){3}[0-9]{1,3}$"
    message = "is not an IPv4 address, such as 10.20.0.5"
  }
}

# All differences between the sizes.
size "dev" {
  nat            = "single"
  rabbitmq       = { nodes = 1, instance_type = "t4g.small", volume_gb = 20 }
  database       = { instance_class = "db.t4g.micro", multi_az = false, from = 20, to = 50 }
  redis          = { mode = "nodes", node_type = "cache.t4g.micro", nodes = 1 }
  processor      = { cpu = 256, memory = 512, min = 1, max = 4 }
  protect        = false
  keep_data      = false
}

size "staging" {
  nat            = "single"
  rabbitmq       = { nodes = 3, instance_type = "t4g.small", volume_gb = 20 }
  database       = { instance_class = "db.t4g.micro", multi_az = true, from = 20, to = 50 }
  redis          = { mode = "nodes", node_type = "cache.t4g.micro", nodes = 2 }
  processor      = { cpu = 256, memory = 512, min = 1, max = 4 }
  protect        = false
  keep_data      = true
}

size "prod" {
  approval       = "required"
  nat            = "per_az"
  rabbitmq       = { nodes = 3, instance_type = "m7g.large", volume_gb = 50 }
  database       = { instance_class = "db.m7g.large", multi_az = true, from = 100, to = 500 }
  redis          = { mode = "nodes", node_type = "cache.m7g.large", nodes = 2 }
  processor      = { cpu = 1024, memory = 2048, min = 2, max = 20 }
  protect        = true
  keep_data      = true
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

component "secret" "webhook" {
  generate    = ["webhook_secret"]
  description = "Value of the secret header that Cloudflare sends"
}

component "function" "receiver" {
  code            = "receiver"
  handler         = "handler.receive"
  url             = true
  memory          = 512
  timeout_seconds = 15
  concurrency     = var.receiver_concurrency
  environment = {
    SECRET_HEADER = var.secret_header
    DOMAINS       = var.domains
    METHODS       = var.methods
    MOST_BYTES    = var.most_bytes
  }
  uses = [component.rabbitmq.main, component.secret.webhook]
}

component "rabbitmq" "main" {
  nodes           = size.rabbitmq.nodes
  instance_type   = size.rabbitmq.instance_type
  volume_gb       = size.rabbitmq.volume_gb
  queue           = "webhooks"
  prometheus_from = var.prometheus_cidrs
  zabbix_server   = var.zabbix_server
  protect         = size.protect
  keep_data       = size.keep_data
}

component "mysql" "main" {
  engine         = var.database_engine
  version        = var.database_engine == "mysql" ? "8.4.8" : "11.4.10"
  instance_class = size.database.instance_class
  storage_gb     = { from = size.database.from, to = size.database.to }
  multi_az       = size.database.multi_az
  backup_days    = 7
  protect        = size.protect
  keep_data      = size.keep_data
}

component "redis" "main" {
  capacity  = size.redis
  keep_data = size.keep_data
}

component "cluster" "main" {
  container_insights = true
  architecture       = "arm64"
}

component "service" "processor" {
  image  = var.processor_image
  cpu    = size.processor.cpu
  memory = size.processor.memory
  tasks = {
    desired = size.processor.min
    min     = size.processor.min
    max     = size.processor.max
    pressure = {
      queue           = component.rabbitmq.main
      growing_minutes = 5
      busy            = [{ percent = 80, minutes = 15 }, { percent = 90, minutes = 5 }]
      empty_minutes   = 5
    }
  }
  uses = [component.rabbitmq.main, component.mysql.main, component.redis.main]
}

component "log_shipping" "loki" {
  code         = "loki"
  handler      = "handler.ship"
  dead_letter  = true
  loki_url     = var.loki_url
  login_secret = var.loki_login_secret
}

component "monitoring_role" "grafana" {
  account_id  = var.grafana_account_id
  external_id = var.grafana_external_id
}

component "alarm_topic" "main" {
  endpoint_secret = var.pagerduty_secret
}

component "dashboard" "main" {}

output "receiver_url" {
  value       = component.function.receiver.url
  description = "Host to which Cloudflare forwards webhooks; all other callers get 403"
}

output "receiver_host" {
  value       = component.function.receiver.host
  description = "Value of receiver_host in cloudflare/main.tf"
}

output "webhook_secret_arn" {
  value       = component.secret.webhook.arn
  description = "Secret with the value of the secret header that Cloudflare sends"
}

output "rabbitmq_endpoint"         { value = component.rabbitmq.main.endpoint }
output "rabbitmq_secret_arn"       { value = component.rabbitmq.main.secret_arn }
output "rabbitmq_admin_secret_arn" { value = component.rabbitmq.main.admin_secret_arn }
output "rabbitmq_authority"        { value = component.rabbitmq.main.authority }
output "database_endpoint"         { value = component.mysql.main.endpoint }
output "database_secret_arn"       { value = component.mysql.main.secret_arn }
output "redis_endpoint"            { value = component.redis.main.endpoint }
output "cluster_name"              { value = component.cluster.main.name }
output "alarm_topic_arn"           { value = component.alarm_topic.main.arn }
output "dashboard_url"             { value = component.dashboard.main.url }

output "grafana_role_arn" {
  value       = component.monitoring_role.grafana.arn
  description = "Role to enter in Grafana's CloudWatch data source"
}

usage {
  webhooks_millions     = { low = 1, likely = 10, high = 100 }
  webhook_kilobytes     = { low = 1, likely = 4, high = 20 }
  receiver_milliseconds = { low = 20, likely = 60, high = 300 }
  nat_gb_per_month      = { low = 10, likely = 80, high = 500 }
  log_gb                = { low = 2, likely = 15, high = 100 }
}

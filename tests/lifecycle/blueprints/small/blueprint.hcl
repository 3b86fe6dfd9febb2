blueprint {
  title    = "Small"
  summary  = "One bucket and one secret, for tests that need many environments"
  version  = "0.1.0"
  maturity = "published"
  regions  = ["eu-north-1", "us-east-1"]
}

variable "note" {
  type        = string
  description = "Part of the secret's description"
  default     = "nothing"
}

variable "hint" {
  type        = string
  description = "Never stored"
  default     = "none"
  sensitive   = true
}

size "dev" {
  keep_data = false
}

size "staging" {
  keep_data = true
}

size "prod" {
  approval  = "required"
  keep_data = true
}

component "bucket" "files" {
  keep_data = size.keep_data
}

component "secret" "key" {
  provided    = true
  variable    = "KEY"
  description = var.note
}

output "bucket" { value = component.bucket.files.name }

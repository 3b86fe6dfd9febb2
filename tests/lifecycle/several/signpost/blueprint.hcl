blueprint {
  title    = "Signpost"
  summary  = "Three stacks in three regions, with code and a copy, for tests of what is not in one place"
  version  = "0.1.0"
  maturity = "published"
  regions  = ["eu-north-1", "us-east-1"]
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

component "signpost" "main" {
  edge      = "us-east-1"
  replica   = "eu-central-1"
  code      = "receiver"
  keep_data = size.keep_data
}

output "bucket" { value = component.bucket.files.name }

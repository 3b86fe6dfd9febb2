blueprint {
  title    = "Static site"
  summary  = "A website or single-page application on CloudFront, from a private bucket"
  version  = "1.0.2"
  maturity = "published"
  regions  = ["eu-central-1", "eu-north-1", "eu-west-1", "us-east-1", "us-west-2"]
}
variable "domain" {
  type        = string
  description = "Public name; without one the site has CloudFront's default name"
  default     = null
}
variable "hosted_zone_id" {
  type        = string
  description = "Route 53 hosted zone of the domain, for its certificate and DNS record; required with domain"
  default     = null
}

size "dev" { keep_data = false }
size "staging" { keep_data = true }
size "prod" {
  approval  = "required"
  keep_data = true
}
component "bucket" "site" {
  keep_data = size.keep_data
}
component "cdn" "site" {
  origin         = component.bucket.site
  pages          = "folders"
  assets         = ["/assets/*"]
  error_page     = "/404.html"
  domain         = var.domain
  hosted_zone_id = var.hosted_zone_id
}
output "url" { value = component.cdn.site.url }
output "bucket" { value = component.bucket.site.name }
output "distribution_id" { value = component.cdn.site.id }
usage { transfer_gb = { low = 1, likely = 20, high = 500 } }

# An unchanged CloudFormation template: its parameters are the form; this file has the rest.
blueprint {
  title    = "Event inbox"
  summary  = "A topic that others publish to and a queue that keeps the events, from one CloudFormation template"
  version  = "1.0.2"
  maturity = "published"
  regions  = ["eu-central-1", "eu-north-1", "eu-west-1", "us-east-1", "us-west-2"]
}

size "dev" {
  fixed = { AlarmAfterSeconds = 3600 }
}

size "staging" {
  fixed = { AlarmAfterSeconds = 1800 }
}

size "prod" {
  approval = "required"
  fixed    = { AlarmAfterSeconds = 600 }
}

component "cloudformation" "main" {
  template   = "template.yaml"
  parameters = size.fixed
}

usage {
  events_millions = { low = 0.1, likely = 1, high = 20 }
}

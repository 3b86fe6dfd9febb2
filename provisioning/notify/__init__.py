"""Messages to people and teams, and webhooks to programs, both driven by the audit log."""

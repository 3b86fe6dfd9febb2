"""What people do with channels, webhooks and allowed destinations. Each writes its audit event."""

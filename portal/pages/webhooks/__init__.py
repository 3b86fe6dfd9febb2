"""Signed webhooks of teams and of the portal, and where the portal may connect to."""

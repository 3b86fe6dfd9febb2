"""Django's PostgreSQL backend, with a flush between tests that may empty the append-only audit log."""

"""Ways to reach people: mail through Django's backend, and everything else through apprise."""

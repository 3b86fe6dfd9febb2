"""Channels for messages, of a person or a team, and what was not delivered."""

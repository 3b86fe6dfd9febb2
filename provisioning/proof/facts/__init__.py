"""Facts about AWS that the rules rely on, as data with their sources."""

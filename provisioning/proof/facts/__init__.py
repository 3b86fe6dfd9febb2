"""Facts about AWS that rules stand on, as data with their sources."""

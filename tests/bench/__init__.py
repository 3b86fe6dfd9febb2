"""`make bench`: the figures that we claim, each beside a yardstick measured in the same run, because machines are noisy."""

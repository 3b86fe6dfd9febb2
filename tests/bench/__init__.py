"""`make bench`: the figures that we claim, each next to a yardstick measured in the same run,
because machines are noisy.
"""

"""A simulated AWS account: a process and an environment of its own.

It imports nothing of the product outside this package, and the product starts it as a process only.
"""

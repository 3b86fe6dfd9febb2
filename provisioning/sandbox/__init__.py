"""A simulated AWS account, in its own process and Python environment.

It imports nothing of the product outside this package, and the product only starts it as a process.
"""

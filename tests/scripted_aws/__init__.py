"""AWS in memory, at the border of `provisioning.aws`: CloudFormation and what the engine asks of
services, on a clock that the test moves.
"""

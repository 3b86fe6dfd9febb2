"""What RQ and the worker processes run: thin loops around `provisioning.lifecycle`."""

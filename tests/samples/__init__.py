"""Tries a folder of CloudFormation templates that others wrote: `python -m tests.samples FOLDER`."""

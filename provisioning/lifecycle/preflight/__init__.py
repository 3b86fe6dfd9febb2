"""Preflight: checks an account for what would make AWS refuse a plan."""

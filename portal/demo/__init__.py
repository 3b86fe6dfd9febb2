"""Runs the whole product on one machine that has only Python: for `make demo` and for the tests."""

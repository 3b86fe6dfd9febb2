"""Everything on one machine with nothing installed but Python: what `make demo` and the tests run on."""

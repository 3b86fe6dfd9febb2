"""Version 1: one module for each noun."""

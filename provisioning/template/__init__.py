"""Turns designs into templates: compile, compare two results, and order resources by dependency.
Pure: no Django, no AWS.
"""

"""The kinds of component that blueprints are made of. README.md describes this package and how to
write a component.
"""

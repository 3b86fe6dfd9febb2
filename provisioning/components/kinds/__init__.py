"""One folder for each kind of component, named as in blueprints. `registry` finds them;
../README.md describes how to add one.
"""

"""One folder for each kind of component, named as blueprints name it. `registry` finds them; ../README.md says how to add one."""

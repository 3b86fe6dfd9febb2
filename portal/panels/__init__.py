"""Panels: the views of a plan that people read, one module and one template each.

A page that shows a plan builds a `PlanView` (from a form, an example or a stored plan), calls
`panels_of` and includes `panels/column.html`. It does not name the panels, so that a new one
appears on every page that shows a plan.

Add a panel:

1. Write `portal/panels/<name>.py` with a frozen dataclass that follows `registry.Panel`, and a function
   `panel(view: PlanView) -> Panel | None`. It returns None if the plan has nothing for it. It must not read the
   database: what it needs belongs to the `PlanView`.
2. Write `templates/panels/<name>.html`. Its only variable is `panel`. Give each `details` element an id that begins
   with the panel's name, so that it remains open when the page refreshes.

`registry` finds the module by its place in this folder. A panel with `place = Place.PAGE` is not
part of the column: its page selects it by its class (`panels.of(DiagramPanel)`) and includes it
where it belongs.
"""

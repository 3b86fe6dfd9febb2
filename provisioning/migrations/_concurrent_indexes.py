"""Indexes on tables that may be large, created while others write."""

from django.contrib.postgres.operations import AddIndexConcurrently


class AddIndexAgainConcurrently(AddIndexConcurrently):
    """Also after an attempt that was interrupted, which leaves an index that is not valid."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        name = schema_editor.quote_name(self.index.name)
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        super().database_forwards(app_label, schema_editor, from_state, to_state)

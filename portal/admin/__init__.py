"""Where an installation's people, teams and accounts are entered. Nothing that an operation depends
on is edited here.

Every change is in the audit log, with the person who made it.
"""

from django.contrib import admin

from portal.admin.account_teams import AccountTeamAdmin
from portal.admin.accounts import AccountAdmin
from portal.admin.people import PersonAdmin, TeamAdmin

admin.site.site_header = admin.site.site_title = "Portal: people, teams and accounts"
admin.site.index_title = "Administration"

__all__ = ["AccountAdmin", "AccountTeamAdmin", "PersonAdmin", "TeamAdmin"]

"""Attacks on a shared account: who tries what, and which statement stops it.

Alice owns the team payments, and bob is a member. The account also serves charlie's team logistics,
and things that have nothing to do with the portal. Every attack is something that a template, a
container, a bug or a stolen credential of payments could try. Next to it is the same deed on what
is payments' own, which must be allowed: a policy that denies everything would stop attacks too.

`attack` has the records, and the things that attacks are about. Each other file holds the attacks of
one kind of caller. To add one, add a line there; `denied_by` is the Sid of the statement that denies
it, or that would allow it if its condition held. It is empty if no statement names the action.
"""

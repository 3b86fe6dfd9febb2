"""SES: whether the account may send mail to everybody.

A new account is in SES's sandbox in each region: it sends only to verified addresses.
https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from provisioning.lifecycle.preflight.check import Check, Question, Verdict, World, passed, warning
from provisioning.lifecycle.preflight.subject import Subject


def _sending(subject: Subject) -> Iterator[Question]:
    for region, identities in subject.by_region("AWS::SES::EmailIdentity").items():

        def ask(world: World, region: str = region) -> Verdict:
            account = world.aws.once(world.aws.account.sending_account)
            if not account.is_enabled:
                return warning(
                    f"SES has paused sending for this account in {region}.",
                    "Read the reason on the account dashboard of SES and answer AWS there.",
                )
            if account.in_sandbox:
                return warning(
                    f"SES is in its sandbox in {region}: mail reaches only addresses that were verified.",
                    f"Request production access in SES ({region}). AWS usually answers within a day.",
                )
            return passed(f"The account may send mail to everybody in {region}.")

        yield Question(region, "Sending mail", ask, address=identities[0].logical_id)


CHECKS: Final = (Check("mail.sending", "Sending mail", _sending, ("sending_account",)),)

"""The pages that offer an environment to another team, and that accept it."""

from __future__ import annotations

from dataclasses import dataclass

from portal.pages.hand_over.forms import OfferForm
from provisioning.lifecycle.services.handover import open_offer_of, why_not_accept, why_not_handed_over
from provisioning.models import Environment, HandoverOffer


@dataclass(frozen=True, slots=True)
class OfferPage:
    environment: Environment
    form: OfferForm
    offer: HandoverOffer | None
    why_not: str


@dataclass(frozen=True, slots=True)
class AnswerPage:
    offer: HandoverOffer
    environment: Environment
    why_not: list[str]


def offer_page(environment: Environment, *, form: OfferForm | None = None) -> OfferPage:
    return OfferPage(environment, form or OfferForm(), open_offer_of(environment), why_not_handed_over(environment))


def answer_page(offer: HandoverOffer) -> AnswerPage:
    return AnswerPage(offer, offer.environment, why_not_accept(offer))

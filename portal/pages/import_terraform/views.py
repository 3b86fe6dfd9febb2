"""Terraform's text becomes a filled-in request form. Nothing is requested by it, and nothing of it is stored or logged."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.core import signing
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from portal.pages.import_terraform.forms import ImportForm
from portal.pages.request_form.forms import PREFIX, Offer, RequestForm
from portal.pages.request_form.views import offer_of, request_page
from portal.web.formatting import title_of
from portal.web.lookups import person
from provisioning.errors import Refused
from provisioning.exchange import Filled, Left, Pasted, Source, Taken, Unreadable, fill, read

# A form's encoding makes three bytes of one, and an upload has a frame.
MAX_BODY = 1_000_000
CHOICES_AT_MOST = 20
CHOICE_VALID_SECONDS = 3_600
_SALT = "portal.import"
TOO_LARGE = "That is too large to be read here. Paste the module block alone."
TOO_OLD = "This choice is too old, or is not from this page. Paste the text again."


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several module blocks: what it would fill in, and the same to be sent back."""

    source: Source
    filled: Filled
    token: str


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def import_terraform(request: HttpRequest, slug: str) -> HttpResponse:
    """The size is looked at before anything reads the body; the token of the form comes after, in what is called here."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > MAX_BODY:
        offer = offer_of(person(request), slug)
        return _page(request, offer, error=TOO_LARGE, status=413)
    answer: HttpResponse = _import(request, slug)
    return answer


@csrf_protect
@sensitive_post_parameters()
@sensitive_variables()
def _import(request: HttpRequest, slug: str) -> HttpResponse:
    offer = offer_of(person(request), slug)
    if request.method != "POST":
        return _page(request, offer)
    if "choice" in request.POST:
        return _filled_in(request, offer, _chosen(offer, request.POST["choice"]))
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, offer, error=" ".join(str(text) for texts in form.errors.values() for text in texts))
    try:
        pasted = read(form.given)
    except Unreadable as error:
        return _page(request, offer, error=str(error))
    return _offered(request, offer, pasted)


def _offered(request: HttpRequest, offer: Offer, pasted: Pasted) -> HttpResponse:
    """The filled-in form; or, of several module blocks, the choice."""
    wanted = request.GET.get("size", "")
    found = [(source, fill(offer.blueprint, source, size=wanted)) for source in pasted.sources]
    if len(found) == 1:
        (_, filled), *_ = found
        filled.left.extend(pasted.left)
        return _filled_in(request, offer, filled)
    if len(found) > CHOICES_AT_MOST:
        return _page(request, offer, error=f"There are {len(found)} module blocks in it. Paste the one that you mean.")
    choices = [Choice(source, filled, _signed(offer, filled)) for source, filled in found]
    return _page(request, offer, choices=choices, left=pasted.left)


def _signed(offer: Offer, filled: Filled) -> str:
    """What was taken, without secrets, so that the text need not be kept until the choice is made."""
    return signing.dumps({"slug": offer.blueprint.slug, "filled": asdict(filled)}, salt=_SALT, compress=True)


def _chosen(offer: Offer, token: str) -> Filled:
    try:
        data = signing.loads(token, salt=_SALT, max_age=CHOICE_VALID_SECONDS)
    except signing.BadSignature as error:
        raise Refused(TOO_OLD) from error
    if data["slug"] != offer.blueprint.slug:
        raise Refused(TOO_OLD)
    filled = data["filled"]
    filled["taken"] = [Taken(**item) for item in filled["taken"]]
    filled["left"] = [Left(**item) for item in filled["left"]]
    return Filled(**filled)


def _filled_in(request: HttpRequest, offer: Offer, filled: Filled) -> HttpResponse:
    """The request form with the answers in it, to be looked at and sent as any other."""
    data = QueryDict(mutable=True)
    data.update({"request_id": str(uuid.uuid4()), "size": filled.size, "name": filled.name})
    if (place := _place(offer, filled)) is not None:
        data["place"] = place
    teams = {team.slug: str(team.pk) for team in offer.teams}
    data["team"] = teams.get(filled.team, next(iter(teams.values())))
    for name, text in filled.answers().items():
        data[PREFIX + name] = text
    data["imported"] = ",".join(filled.inputs)
    form = RequestForm(offer, filled.size, data)
    named = [(taken, title_of(taken.target)) for taken in filled.taken]
    return request_page(request, form, imported={"taken": named, "left": filled.left, "notes": filled.notes})


def _place(offer: Offer, filled: Filled) -> str | None:
    """The account and region that were named, or else the region in the first account that has it."""
    places = [(account.name, region, f"{account.pk}/{region}") for account, region in offer.places(filled.size)]
    exact = [key for name, region, key in places if (name, region) == (filled.account, filled.region)]
    near = [key for name, region, key in places if not filled.region or region == filled.region]
    return next(iter([*exact, *near]), None)


def _page(
    request: HttpRequest,
    offer: Offer,
    *,
    error: str = "",
    choices: Sequence[Choice] = (),
    left: Sequence[Left] = (),
    status: int = 0,
) -> HttpResponse:
    context = {
        "blueprint": offer.blueprint,
        "form": ImportForm(),
        "error": error,
        "choices": choices,
        "left": left,
        "aliases": [variable for variable in offer.blueprint.variables.values() if variable.terraform],
    }
    return render(request, "pages/import_terraform/page.html", context, status=status or (422 if error else 200))

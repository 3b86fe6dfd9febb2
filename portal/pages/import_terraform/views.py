"""Fills in the request form from Terraform text. This requests nothing, and none of the text is
stored or logged.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict

from django.core import signing
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from portal.pages.import_terraform.forms import ImportForm
from portal.pages.import_terraform.page import Choice, ImportPage
from portal.pages.request_form.forms import PREFIX, Offer, RequestForm
from portal.pages.request_form.page import Imported
from portal.pages.request_form.views import offer_of, request_page
from portal.web.formatting import title_of
from portal.web.lookups import person
from portal.web.tags import tags_text
from provisioning.errors import Refused
from provisioning.exchange import Filled, Left, Pasted, Taken, Unreadable, fill, read

# The encoding of a form turns one byte into up to three, and an upload has headers.
MAX_BODY = 1_000_000
CHOICES_AT_MOST = 20
CHOICE_VALID_SECONDS = 3_600
_SALT = "portal.import"
TOO_LARGE = "This text is too large. Paste only the module block."
TOO_OLD = "This choice has expired, or is not from this page. Paste the text again."


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def import_terraform(request: HttpRequest, slug: str) -> HttpResponse:
    """Check the size before anything reads the body. The view that this calls checks the CSRF
    token.
    """
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > MAX_BODY:
        offer = offer_of(person(request), slug)
        return _render(request, ImportPage(offer.blueprint, ImportForm(), error=TOO_LARGE), status=413)
    answer: HttpResponse = _import(request, slug)
    return answer


@csrf_protect
@sensitive_post_parameters()
@sensitive_variables()
def _import(request: HttpRequest, slug: str) -> HttpResponse:
    offer = offer_of(person(request), slug)
    if request.method != "POST":
        return _render(request, ImportPage(offer.blueprint, ImportForm()))
    if "choice" in request.POST:
        return _filled_in(request, offer, _chosen(offer, request.POST["choice"]))
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        error = " ".join(str(text) for texts in form.errors.values() for text in texts)
        return _refuse(request, offer, error)
    try:
        pasted = read(form.given)
    except Unreadable as error:
        return _refuse(request, offer, str(error))
    return _offered(request, offer, pasted)


def _offered(request: HttpRequest, offer: Offer, pasted: Pasted) -> HttpResponse:
    """The filled-in form, or the choice between several module blocks."""
    wanted = request.GET.get("size", "")
    fills = [(source, fill(offer.blueprint, source, size=wanted)) for source in pasted.sources]
    if len(fills) == 1:
        (_, filled), *_ = fills
        filled.left.extend(pasted.left)
        return _filled_in(request, offer, filled)
    if len(fills) > CHOICES_AT_MOST:
        return _refuse(request, offer, f"The text has {len(fills)} module blocks. Paste only the one that you need.")
    # The filled-in values are signed, without secrets, so that the text need not be stored until the user has chosen.
    slug = offer.blueprint.slug
    choices = [
        Choice(source, filled, signing.dumps({"slug": slug, "filled": asdict(filled)}, salt=_SALT, compress=True))
        for source, filled in fills
    ]
    page = ImportPage(offer.blueprint, ImportForm(), choices=choices, left=pasted.left)
    return _render(request, page)


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
    """The request form with the imported values, which the user checks and sends as usual."""
    data = QueryDict(mutable=True)
    data.update({"request_id": str(uuid.uuid4()), "size": filled.size, "name": filled.name})
    teams = {team.slug: team for team in offer.teams}
    team = teams.get(filled.team, offer.teams[0])
    data["team"] = str(team.pk)
    # The account and region that the text names, or the region in the first account that has it.
    places = [(account.name, region, f"{account.pk}/{region}") for account, region in offer.places(filled.size, team)]
    exact = [key for name, region, key in places if (name, region) == (filled.account, filled.region)]
    near = [key for name, region, key in places if not filled.region or region == filled.region]
    others = [key for _, _, key in places]
    data["place"] = next(iter([*exact, *near, *others]), "")
    for name, text in filled.answers().items():
        data[PREFIX + name] = text
    data["tags"] = tags_text(filled.tags)
    if filled.output_parameters:
        data["output_parameters"] = "on"
    data["imported"] = ",".join(filled.inputs)
    form = RequestForm(offer, filled.size, data)
    named = [(taken, title_of(taken.target)) for taken in filled.taken]
    return request_page(request, form, imported=Imported(named, filled.left, filled.notes))


def _refuse(request: HttpRequest, offer: Offer, error: str) -> HttpResponse:
    return _render(request, ImportPage(offer.blueprint, ImportForm(), error=error), status=422)


def _render(request: HttpRequest, page: ImportPage, *, status: int = 200) -> HttpResponse:
    return render(request, "pages/import_terraform/page.html", {"page": page}, status=status)

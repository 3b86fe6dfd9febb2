"""The page of a one-time link that sets a password. Django checks the link and keeps it out of the
address of the form.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.views import PasswordResetConfirmView
from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse_lazy
from typing_extensions import override

from portal.identity.passwords import HELP_FOR_NEW
from portal.identity.sessions import end_sessions
from provisioning.errors import WrongState
from provisioning.lifecycle.access import is_protected
from provisioning.lifecycle.services.people import note_password_was_set
from provisioning.models import User


class SetPassword(PasswordResetConfirmView):
    """A link does not work for a person with a role outside teams or a delegation: with it, an admin could
    become an approver.
    """

    template_name = "pages/people/set_password.html"
    success_url = reverse_lazy("sign_in")
    extra_context = {"help_for_new": HELP_FOR_NEW}

    @override
    def get_user(self, uidb64: str) -> Any:
        user = super().get_user(uidb64)
        usable = isinstance(user, User) and user.is_active and not user.is_service and not is_protected(user)
        return user if usable else None

    @override
    def form_valid(self, form: SetPasswordForm[Any]) -> HttpResponse:
        with transaction.atomic():
            # A role that the person gets meanwhile waits for this lock, or was first.
            if is_protected(User.objects.select_for_update(no_key=True).get(pk=form.user.pk)):
                raise WrongState("This link is older than a role or a delegation of yours. It is no longer valid.")
            response = super().form_valid(form)
            end_sessions(form.user)
            note_password_was_set(user=form.user)
        messages.info(self.request, "Your password is set. Sign in with it.")
        return response

    @override
    def render_to_response(self, context: dict[str, Any], **response_kwargs: Any) -> HttpResponse:
        form = context.get("form")
        status = 422 if form is not None and form.errors else 200 if context.get("validlink") else 404
        return super().render_to_response(context, **{**response_kwargs, "status": status})

"""Sign-in and sign-out with the user names and passwords of the portal."""

from __future__ import annotations

from django.contrib.auth.views import LoginView, LogoutView

sign_in = LoginView.as_view(template_name="pages/sign_in/page.html", redirect_authenticated_user=True)
sign_out = LogoutView.as_view()

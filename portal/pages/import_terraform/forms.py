"""The form for Terraform text. The text is never sent back, because it may contain secrets."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from portal.web.forms import PlainForm
from provisioning.exchange import MAX_BYTES

PLACEHOLDER = 'module "orders" {\n  source      = "…"\n  environment = "prod"\n  …\n}'


class ImportForm(PlainForm):
    """Text or a file. `given` is its content, cut off one byte after the limit."""

    text = forms.CharField(
        required=False,
        strip=False,
        label="Paste the text",
        help_text="A module block, a file with several module blocks, or the lines of a .tfvars file.",
        widget=forms.Textarea(
            attrs={
                "rows": 14,
                "spellcheck": "false",
                "autocomplete": "off",
                "placeholder": PLACEHOLDER,
                "class": "mono",
            }
        ),
    )
    file = forms.FileField(
        required=False,
        allow_empty_file=True,
        label="Or upload a file",
        help_text=f"A .tf, .tfvars or .tfvars.json file, or a request that was exported from this portal, of at most {MAX_BYTES // 1000} kB.",
        widget=forms.FileInput(attrs={"accept": ".tf,.tfvars,.json"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        file, text = cleaned.get("file"), cleaned.get("text", "")
        if not self.errors and bool(file is not None) == bool(text.strip()):
            raise forms.ValidationError("Paste the text or choose a file, but not both.")
        return cleaned

    @property
    def given(self) -> bytes:
        file = self.cleaned_data.get("file")
        if isinstance(file, UploadedFile):
            data: bytes = file.read(MAX_BYTES + 1)
            return data
        return str(self.cleaned_data["text"]).encode(errors="surrogatepass")

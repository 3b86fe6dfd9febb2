"""Where Terraform's text is pasted or uploaded. What was typed is never sent back: it may hold secrets."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from provisioning.exchange import MAX_BYTES

PLACEHOLDER = 'module "orders" {\n  source      = "…"\n  environment = "prod"\n  …\n}'


class ImportForm(forms.Form):
    """One of the two. `data` is what was given, at most one byte more than is read."""

    text = forms.CharField(
        required=False,
        strip=False,
        label="Paste it",
        help_text="A module block, a whole file with several, or the lines of a .tfvars file.",
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
        label="Or upload it",
        help_text=f"A .tf, .tfvars or .tfvars.json file, or a request that was exported here; at most {MAX_BYTES // 1000} kB.",
        widget=forms.FileInput(attrs={"accept": ".tf,.tfvars,.json"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        file, text = cleaned.get("file"), cleaned.get("text", "")
        if not self.errors and bool(file is not None) == bool(text.strip()):
            raise forms.ValidationError("Paste something or choose a file, one of the two.")
        return cleaned

    @property
    def given(self) -> bytes:
        file = self.cleaned_data.get("file")
        if isinstance(file, UploadedFile):
            data: bytes = file.read(MAX_BYTES + 1)
            return data
        return str(self.cleaned_data["text"]).encode(errors="surrogatepass")

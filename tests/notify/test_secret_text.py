"""Short secrets at rest: who can read them again, and with which keys."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.secret_text import UndecryptableError, decrypt, encrypt, is_current

PURPOSE = "webhook.secret"


@pytest.mark.parametrize("text", ["", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "slack://Ä/ö\n\x00", "x" * 5000])
def test_a_text_comes_back_and_is_not_to_be_seen(text: str) -> None:
    token = encrypt(text, purpose=PURPOSE)
    assert decrypt(token, purpose=PURPOSE) == text
    assert token.isascii()
    assert not text or text not in token
    assert encrypt(text, purpose=PURPOSE) != token


def test_a_copy_in_another_column_does_not_decrypt() -> None:
    token = encrypt("secret", purpose=PURPOSE)
    with pytest.raises(UndecryptableError, match=r"channel\.target"):
        decrypt(token, purpose="channel.target")


def test_every_changed_character_is_noticed() -> None:
    token = encrypt("8 bytes.", purpose=PURPOSE)  # no padding: every bit of the last character counts
    for place, letter in enumerate(token):
        changed = token[:place] + ("A" if letter != "A" else "B") + token[place + 1 :]
        with pytest.raises(UndecryptableError):
            decrypt(changed, purpose=PURPOSE)


@pytest.mark.parametrize("token", ["", "v1:", "v1:AAAA", "v2:AAAA", "secret", "v1:ä", "v1:A A="])
def test_what_is_no_secret_is_refused(token: str) -> None:
    with pytest.raises(UndecryptableError):
        decrypt(token, purpose=PURPOSE)


def test_a_former_key_still_reads_until_it_is_gone(settings: Any) -> None:
    token = encrypt("secret", purpose=PURPOSE)
    assert is_current(token, purpose=PURPOSE)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-another-key-another-key-another-key-another"
    assert decrypt(token, purpose=PURPOSE) == "secret"
    assert not is_current(token, purpose=PURPOSE)
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(UndecryptableError, match="SECRET_KEY_FALLBACKS"):
        decrypt(token, purpose=PURPOSE)

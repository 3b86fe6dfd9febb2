"""Sends a message as mail, by the server in EMAIL_URL. Plain text only."""

from __future__ import annotations

import smtplib
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.validators import validate_email

from provisioning.errors import Refused
from provisioning.notify.channels.outcome import Mail, Outcome, Result

_PERMANENT: Final = 500
_NOT_CONFIGURED: Final = "This portal has no mail server. A portal admin sets EMAIL_URL."


def is_mail_configured() -> bool:
    return bool(settings.EMAIL_HOST)


def check_address(address: str) -> str:
    """Return the address of a mailbox. Raises Refused."""
    try:
        validate_email(address)
    except ValidationError:
        raise Refused(f"“{address}” is not a mail address, such as payments@example.com.") from None
    return address


def send_mail(address: str, message: Mail) -> Outcome:
    """Hand the message to the mail server. What happens before the server has accepted the sender is
    surely no delivery; a connection that ends after that leaves it unclear.
    """
    if not is_mail_configured():
        return Outcome(Result.REFUSED, _NOT_CONFIGURED)
    connection = get_connection()
    try:
        connection.open()
    except (smtplib.SMTPException, OSError):
        return Outcome(Result.RETRY, "The portal’s mail server could not be reached, or refused the portal.")
    mail = EmailMessage(
        subject=message.subject,
        body=message.body,
        to=[address],
        connection=connection,
        headers={"Message-ID": f"<{message.key}@portal>", "Auto-Submitted": "auto-generated"},
    )
    try:
        connection.send_messages([mail])
    except smtplib.SMTPRecipientsRefused as error:
        code = max((code for code, _ in error.recipients.values()), default=_PERMANENT)
        return _refused(code, "The mail server refused this address.")
    except smtplib.SMTPResponseException as error:
        return _refused(error.smtp_code, "The mail server refused the message.")
    except (smtplib.SMTPException, OSError):
        return Outcome(Result.UNCLEAR, "The mail server did not confirm the message. It may have arrived.")
    finally:
        _close(connection)
    return Outcome(Result.SENT)


def _refused(code: int, reason: str) -> Outcome:
    """RFC 5321, 4.2.1: 4yz means later, 5yz never."""
    return Outcome(Result.REFUSED if code >= _PERMANENT else Result.RETRY, f"{reason} (SMTP {code})")


def _close(connection: object) -> None:
    try:
        connection.close()  # type: ignore[attr-defined]  # every backend of Django has it
    except (smtplib.SMTPException, OSError):
        return  # the message has been accepted or refused before

"""Telling somebody who is not at the computer: by a webhook (JSON over HTTP) and by e-mail.

What is told and where to is in the settings; secrets are in the system's keyring and never in a file of ours. On a computer
without a keyring they may be given in the environment (``RAVE_GUI_SECRET_SMTP_PASSWORD`` and so on).
"""

from __future__ import annotations

import http.client
import json
import os
import smtplib
import socket
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from typing import Any, Literal

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.settings import Settings

Way = Literal["webhook", "email"]
SecretName = Literal["webhook-token", "webhook-address", "smtp-password"]
Kept = Literal["", "keyring", "environment"]
"""Where a secret is known from; empty: it is not."""

WAYS: tuple[Way, ...] = ("webhook", "email")
SECRETS: tuple[SecretName, ...] = ("webhook-token", "webhook-address", "smtp-password")
SERVICE = "rave-gui"
"""Under which the keyring keeps our secrets."""
IN_KEYRING = "keyring"
"""Written instead of a webhook's address when the address itself is a secret (as with Slack and Discord)."""
TIMEOUT = 20.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Message:
    """One thing worth telling. ``event``: alert, ended, failed or test."""

    event: str
    title: str
    text: str
    project: str = ""
    run: str = ""
    job: str = ""
    state: str = ""
    step: int | None = None
    max_steps: int | None = None
    code: str = ""
    """Of the alert or the error."""
    severity: str = ""

    def to_json(self) -> dict[str, Any]:
        """What a webhook gets. ``text`` and ``content`` hold the whole in words: chat services show one of them."""
        whole = f"{self.title}\n{self.text}".strip()
        rest = {key: value for key, value in asdict(self).items() if key != "text"}
        return {
            **rest,
            "text": whole,
            "content": whole[:1900],
            "host": socket.gethostname(),
            "time": time.time(),
        }


def ways(settings: Settings) -> list[Way]:
    """Where messages go to, as the settings say."""
    found: list[Way] = []
    if settings.text("notify_webhook").strip():
        found.append("webhook")
    if settings.text("notify_email").strip():
        found.append("email")
    return found


def wanted(settings: Settings, message: Message) -> bool:
    """Whether the user wants to hear of this (``notify_about``: everything, or problems only)."""
    return settings.text("notify_about") == "all" or message.event != "ended"


def send(settings: Settings, message: Message, way: Way) -> None:
    """Send a message one way (seconds). Raises :class:`UserError`: bad-notification, notification-failed, no-keyring."""
    if way == "webhook":
        _post(settings, message)
    else:
        _mail(settings, message)


def test(settings: Settings, way: Way) -> None:
    """Send a message that says so, now. Raises what :func:`send` raises."""
    if way not in ways(settings):
        raise UserError(
            tr("No webhook is set.") if way == "webhook" else tr("No e-mail address is set."),
            tr("Give it in the settings, or with “rave-gui notify set”."),
            code="bad-notification",
        )
    text = tr("Messages about your trainings will look like this.")
    send(settings, Message("test", tr("RAVE GUI can reach you"), text), way)


# --- secrets


def set_secret(name: SecretName, value: str) -> None:
    """Keep a secret in the system's keyring. Raises :class:`UserError` (``no-keyring``)."""
    import keyring

    _asked(lambda: keyring.set_password(SERVICE, name, value), _variable(name))


def forget_secret(name: SecretName) -> bool:
    """Remove a secret; False when there was none. Raises :class:`UserError` (``no-keyring``)."""
    import keyring

    if _asked(lambda: keyring.get_password(SERVICE, name), _variable(name)) is None:
        return False
    _asked(lambda: keyring.delete_password(SERVICE, name), _variable(name))
    return True


def where_kept(name: SecretName) -> Kept:
    """Where a secret is known from, never what it is. Raises :class:`UserError` (``no-keyring``)."""
    if os.environ.get(_variable(name)) is not None:
        return "environment"
    return "keyring" if secret(name) else ""


def keep_secret(name: SecretName, value: str) -> dict[str, str]:
    """Keep a secret that somebody has typed; the settings that go with it are answered, for the caller to set.

    Raises :class:`UserError` (bad-notification, no-keyring).
    """
    if name == "webhook-address":
        _checked(value.strip())
        set_secret(name, value.strip())
        return {"notify_webhook": IN_KEYRING}
    set_secret(name, value)
    return {}


def remove_secret(name: SecretName, settings: Settings) -> tuple[bool, dict[str, str]]:
    """Remove a secret: whether there was one, and the settings that go with that. Raises :class:`UserError` (``no-keyring``)."""
    gone = forget_secret(name)
    used = name == "webhook-address" and settings.text("notify_webhook").strip() == IN_KEYRING
    return gone, {"notify_webhook": ""} if used else {}


def has_secret(name: SecretName) -> bool:
    """Whether a secret is known; False also where there is no keyring."""
    try:
        return bool(secret(name))
    except UserError:
        return False


def secret(name: SecretName) -> str:
    """A secret, from the environment or the keyring; empty when there is none. Raises :class:`UserError` (``no-keyring``)."""
    given = os.environ.get(_variable(name))
    if given is not None:
        return given
    import keyring

    return str(_asked(lambda: keyring.get_password(SERVICE, name), _variable(name)) or "")


def _variable(name: SecretName) -> str:
    """The environment's name of a secret."""
    return f"RAVE_GUI_SECRET_{name.upper().replace('-', '_')}"


def _asked(question: Any, variable: str) -> Any:
    """What the keyring answers. Raises :class:`UserError` (``no-keyring``) when there is none, or when it stays locked."""
    import keyring.errors

    try:
        return question()
    except keyring.errors.KeyringError as error:
        raise UserError(
            tr("The system's keyring cannot be used, so secrets cannot be kept."),
            tr(
                "Unlock it, or install one (GNOME Keyring or KWallet on Linux). Without one, give the secret in the environment: {name}.",
                name=variable,
            ),
            str(error),
            code="no-keyring",
        ) from error


# --- webhook


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token to somebody else, and would turn the message into a question."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _post(settings: Settings, message: Message) -> None:
    address = settings.text("notify_webhook").strip()
    if address == IN_KEYRING:
        address = secret("webhook-address").strip()
    url = _checked(address)
    token = _optional("webhook-token")
    if token and url.scheme == "http" and url.hostname not in LOOPBACK:
        raise UserError(
            tr("The webhook's token is not sent, because the connection would not be encrypted."),
            tr("Use an address that begins with https://, or forget the token."),
            code="bad-notification",
        )
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "rave-gui"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    body = json.dumps(message.to_json(), ensure_ascii=False).encode("utf-8")
    request = urllib.request.Request(address, body, headers, method="POST")  # noqa: S310 - the scheme was looked at
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT):
            pass
    except urllib.error.HTTPError as error:
        said = error.read(500).decode("utf-8", "replace")
        error.close()
        raise _failed(tr("The webhook answered {code}.", code=error.code), said) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise _untrusted(str(url.hostname), reason) from None
        raise _failed(tr("The webhook could not be reached: {reason}.", reason=reason), str(error)) from None


def check_address(address: str) -> None:
    """Look at a webhook's address before it is kept; none, and the keyring's, pass. Raises :class:`UserError` (``bad-notification``)."""
    if address.strip() not in ("", IN_KEYRING):
        _checked(address.strip())


def _checked(address: str) -> urllib.parse.SplitResult:
    """The address in parts. Raises :class:`UserError` (``bad-notification``) when it is none."""
    try:
        url = urllib.parse.urlsplit(address)
    except ValueError:  # such as brackets that are not closed
        url = urllib.parse.urlsplit("")
    if url.scheme not in ("http", "https") or not url.hostname:
        raise UserError(
            tr("The webhook's address is no web address."),
            tr("It begins with https:// – change it in the settings."),
            code="bad-notification",
        )
    return url


def _optional(name: SecretName) -> str:
    """A secret that may be missing: without a keyring there is none."""
    try:
        return secret(name)
    except UserError:
        return ""


# --- e-mail


def _mail(settings: Settings, message: Message) -> None:
    host, port = settings.text("notify_smtp_host").strip(), int(settings.number("notify_smtp_port"))
    user, security = settings.text("notify_smtp_user").strip(), settings.text("notify_smtp_security")
    to = [part.strip() for part in settings.text("notify_email").split(",") if part.strip()]
    sender = settings.text("notify_from").strip() or (user if "@" in user else to[0] if to else "")
    if not host:
        raise UserError(
            tr("No mail server is set."),
            tr("Give the name of your provider's outgoing server (SMTP) in the settings."),
            code="bad-notification",
        )
    for address in (*to, sender):
        if "@" not in parseaddr(address)[1] or any(sign in address for sign in "\r\n"):
            raise UserError(
                tr("{address} is no e-mail address.", address=repr(address)),
                tr("Change it in the settings."),
                code="bad-notification",
            )
    if user and security == "none" and host not in LOOPBACK:
        raise UserError(
            tr(
                "The password is not sent, because the connection to {host} would not be encrypted.",
                host=host,
            ),
            tr("Choose STARTTLS or TLS in the settings."),
            code="bad-notification",
        )
    password = secret("smtp-password") if user else ""
    mail = _letter(message, sender, to)
    context = ssl.create_default_context()
    try:
        if security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=TIMEOUT)
        with server:
            if security == "starttls":
                server.starttls(context=context)
            if user:
                server.login(user, password)
            server.send_message(mail)
    except smtplib.SMTPAuthenticationError as error:
        raise UserError(
            tr("{host} did not accept the user name or the password.", host=host),
            tr("Many providers want a password of its own for programs: make one there and give it again."),
            str(error),
            code="notification-failed",
        ) from None
    except ssl.SSLCertVerificationError as error:
        raise _untrusted(host, error) from None
    except (ssl.SSLError, smtplib.SMTPNotSupportedError) as error:
        raise UserError(
            tr("{host} did not agree on an encrypted connection, so nothing was sent.", host=host),
            tr("STARTTLS usually goes with port 587, TLS with port 465: see what your provider says."),
            repr(error),
            code="notification-failed",
        ) from None
    except (smtplib.SMTPException, OSError) as error:
        raise _failed(
            tr("{host} did not take the e-mail: {reason}.", host=host, reason=error), repr(error)
        ) from None


def _letter(message: Message, sender: str, to: list[str]) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = " ".join(message.title.split())
    mail["From"], mail["To"] = sender, ", ".join(to)
    mail["Date"], mail["Message-ID"] = formatdate(localtime=True), make_msgid("rave-gui", "localhost")
    facts = [
        (tr("Project"), message.project),
        (tr("Run"), message.run),
        (tr("Step"), f"{message.step:,}" if message.step is not None else ""),
        (tr("Computer"), socket.gethostname()),
    ]
    lines = [message.text, "", *(f"{name}: {value}" for name, value in facts if value)]
    mail.set_content("\n".join(lines).strip() + "\n")
    return mail


def _untrusted(host: str, error: ssl.SSLCertVerificationError) -> UserError:
    return UserError(
        tr(
            "The certificate of {host} is not trusted, so nothing was sent: {reason}.",
            host=host,
            reason=error.verify_message,
        ),
        tr(
            "Somebody may stand between you and the server, or its name is spelt differently. For a server of your own, add its "
            "certificate authority to those of the system."
        ),
        str(error),
        code="untrusted-certificate",
    )


def _failed(message: str, details: str) -> UserError:
    hint = tr("Check the address and the network, then try it with “rave-gui notify test”.")
    return UserError(message, hint, details, code="notification-failed")

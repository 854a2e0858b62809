"""E-mail over encrypted connections: a mail server on this computer with a certificate made here, trusted or not."""

from __future__ import annotations

import datetime
import ipaddress
import socketserver
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.test_notify import MESSAGE, Mail, memory, paths, settings

from rave_gui.errors import UserError
from rave_gui.settings import Settings
from rave_gui.training import notify

pytest.importorskip("cryptography", reason="comes with the keyring of Linux only")

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

__all__ = ["memory", "paths", "settings"]


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-made certificate for this computer under ``name``, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "RAVE GUI test")])
    now = datetime.datetime.now(datetime.UTC)
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if name == "localhost":
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / f"{name}.pem", folder / f"{name}.key"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return chain, secret


class TlsMail(Mail):
    """The same server, encrypted from the beginning or after STARTTLS."""

    def handle(self) -> None:
        server: Any = self.server
        try:
            if server.implicit:
                self.encrypt()
            super().handle()
        except (ssl.SSLError, OSError):  # who does not trust us hangs up
            server.refused += 1

    def encrypt(self) -> None:
        """Go on encrypted."""
        server: Any = self.server
        self.connection = server.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")  # type: ignore[assignment]
        self.wfile = self.connection.makefile("wb", buffering=0)  # type: ignore[assignment]
        server.encrypted += 1

    def say(self, *lines: str) -> None:
        server: Any = self.server
        if lines[0].startswith("250-here") and server.offers and not server.encrypted:
            lines = ("250-here", "250-STARTTLS", "250 AUTH PLAIN")
        if server.lines[-1:] == ["STARTTLS"] and not server.encrypted:
            super().say("220 go on")
            self.encrypt()
            return
        super().say(*lines)


def listening() -> Any:
    """The server, on a free port."""
    return socketserver.ThreadingTCPServer(("127.0.0.1", 0), TlsMail)


class Post:
    """A running server, and the settings that lead to it."""

    def __init__(self, settings: Settings, folder: Path, *, implicit: bool, name: str = "localhost") -> None:
        self.chain, key = certificate(folder, name)
        self.server = listening()
        self.server.daemon_threads = True
        self.server.lines, self.server.letters, self.server.welcome = [], [], True
        self.server.implicit, self.server.offers = implicit, True
        self.server.encrypted = self.server.refused = 0
        self.server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.context.load_cert_chain(self.chain, key)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        for setting, value in (
            ("email", "me@example.org"),
            ("smtp_host", "127.0.0.1"),
            ("smtp_port", float(self.server.server_address[1])),
            ("smtp_security", "tls" if implicit else "starttls"),
            ("smtp_user", "me@example.org"),
        ):
            settings.set(f"notify_{setting}", value)
        notify.set_secret("smtp-password", "pass word")

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(params=[False, True], ids=["STARTTLS", "TLS"])
def post(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Iterator[Post]:
    made = Post(settings, tmp_path, implicit=request.param)
    yield made
    made.close()


def test_a_trusted_server_gets_the_letter_and_the_password_encrypted(
    post: Post, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(post.chain))
    notify.send(settings, MESSAGE, "email")
    assert len(post.server.letters) == 1
    assert post.server.encrypted == 1
    lines = post.server.lines
    login = next(i for i, line in enumerate(lines) if line.startswith("AUTH"))
    if not post.server.implicit:
        assert lines.index("STARTTLS") < login


def test_a_server_nobody_vouches_for_gets_nothing(post: Post, settings: Settings) -> None:
    with pytest.raises(UserError, match=r"certificate of 127\.0\.0\.1 is not trusted") as caught:
        notify.send(settings, MESSAGE, "email")
    assert caught.value.code == "untrusted-certificate"
    assert "self-signed" in caught.value.message
    assert post.server.letters == []
    assert not any(line.startswith("AUTH") for line in post.server.lines)


def test_a_certificate_of_another_name_is_not_taken(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = Post(settings, tmp_path, implicit=True, name="mail.example.org")
    monkeypatch.setenv("SSL_CERT_FILE", str(post.chain))
    try:
        with pytest.raises(UserError, match="not trusted") as caught:
            notify.send(settings, MESSAGE, "email")
    finally:
        post.close()
    assert caught.value.code == "untrusted-certificate"
    assert post.server.letters == []


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_the_wrong_kind_of_encryption_is_told_in_words(
    settings: Settings, tmp_path: Path, security: str
) -> None:
    """TLS to a port that speaks in the clear, STARTTLS where it is not offered: nothing is sent unencrypted instead."""
    post = Post(settings, tmp_path, implicit=False)
    post.server.offers = False
    settings.set("notify_smtp_security", security)
    try:
        with pytest.raises(UserError, match="encrypted connection") as caught:
            notify.send(settings, MESSAGE, "email")
    finally:
        post.close()
    assert "465" in caught.value.hint
    assert post.server.letters == []
    assert not any(line.startswith("AUTH") for line in post.server.lines)


def test_a_webhook_with_a_certificate_nobody_vouches_for(settings: Settings, tmp_path: Path) -> None:
    post = Post(settings, tmp_path, implicit=True)
    settings.set("notify_webhook", f"https://127.0.0.1:{post.server.server_address[1]}/hook")
    try:
        with pytest.raises(UserError, match="not trusted") as caught:
            notify.send(settings, MESSAGE, "webhook")
    finally:
        post.close()
    assert caught.value.code == "untrusted-certificate"

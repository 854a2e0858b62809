"""``rave-gui notify``: being told about trainings by webhook and e-mail."""

from __future__ import annotations

import sys
from typing import Any

import click

from rave_gui.cli.console import Console, Output, json_option, pass_console
from rave_gui.i18n import tr

SECRET_NAMES = ("webhook-token", "webhook-address", "smtp-password")
OPTIONS = {
    "about": "notify_about",
    "webhook": "notify_webhook",
    "email": "notify_email",
    "sender": "notify_from",
    "host": "notify_smtp_host",
    "port": "notify_smtp_port",
    "security": "notify_smtp_security",
    "user": "notify_smtp_user",
}
"""Option to setting."""


@click.group("notify")
def command() -> None:
    """Be told about trainings by webhook or e-mail, also while no window is open."""


@command.command("set")
@click.option("--about", type=click.Choice(["all", "problems"]), help="Ends and problems, or problems only.")
@click.option(
    "--webhook",
    metavar="ADDRESS",
    help="Address that gets a JSON message; “keyring”: the one kept by “notify secret webhook-address”; empty: none.",
)
@click.option("--email", metavar="ADDRESS", help="Who gets e-mails, with commas between; empty: nobody.")
@click.option("--from", "sender", metavar="ADDRESS", help="Sender of the e-mails.")
@click.option("--host", metavar="NAME", help="Outgoing mail server (SMTP).")
@click.option("--port", type=click.IntRange(1, 65535), help="Its port: 587 for STARTTLS, 465 for TLS.")
@click.option(
    "--security", type=click.Choice(["starttls", "tls", "none"]), help="How the connection is encrypted."
)
@click.option("--user", metavar="NAME", help="Your name there; the password goes to “notify secret”.")
@json_option
@pass_console
def set_command(console: Console, /, **given: Any) -> Output:
    """Set where messages go to; what is not given stays as it is."""
    from rave_gui.training import notify

    notify.check_address(given["webhook"] or "")
    settings = console.services.settings
    for option, key in OPTIONS.items():
        if given[option] is not None:
            settings.set(key, given[option])
    return _status(console)


@command.command("status")
@json_option
@pass_console
def status_command(console: Console) -> Output:
    """Show where messages go to, which secrets are known, and how the newest message fared."""
    return _status(console)


@command.command("secret")
@click.argument("name", type=click.Choice(SECRET_NAMES))
@click.option("--forget", is_flag=True, help="Remove it from the keyring.")
@json_option
@pass_console
def secret_command(console: Console, name: Any, forget: bool) -> Output:
    """Keep a secret in the system's keyring; it is asked for, or read from standard input."""
    from rave_gui.training import notify

    settings = console.services.settings
    if forget:
        gone, along = notify.remove_secret(name, settings)
        for key, text in along.items():
            settings.set(key, text)
        return Output({"name": name, "known": False}, tr("Forgotten.") if gone else tr("There was none."))
    if sys.stdin.isatty():
        value = click.prompt(name, hide_input=True, err=True)
    else:
        value = sys.stdin.readline().rstrip("\r\n")
    if not value:
        raise click.UsageError("The secret is empty.")
    for key, text in notify.keep_secret(name, value).items():
        settings.set(key, text)
    return Output({"name": name, "known": True}, tr("Kept in the keyring."))


@command.command("test")
@click.argument("way", type=click.Choice(["webhook", "email"]))
@json_option
@pass_console
def test_command(console: Console, way: Any) -> Output:
    """Send a message now, by webhook or by e-mail."""
    from rave_gui.training import notify

    notify.test(console.services.settings, way)
    return Output({"way": way, "sent": True}, tr("Sent."))


def _status(console: Console) -> Output:
    from rave_gui.training import heralding, notify

    settings = console.services.settings
    data: dict[str, Any] = {
        "ways": list(notify.ways(settings)),
        "settings": {key: settings.get(key) for key in OPTIONS.values()},
        "secrets": {name: notify.has_secret(name) for name in notify.SECRETS},
        "last": heralding.last(console.services.paths),
    }
    lines = [
        f"{key}: {value:g}" if isinstance(value, float) else f"{key}: {value}"
        for key, value in data["settings"].items()
        if value != ""
    ]
    lines += [tr("{name} is known", name=name) for name, known in data["secrets"].items() if known]
    if not data["ways"]:
        lines.append(tr("Nobody is told: set a webhook or an e-mail address."))
    last = data["last"]
    if last is not None:
        lines.append(
            tr("Last message: {title}: {problem}", title=last["title"], problem=last["problem"])
            if last["problem"]
            else tr("Last message: {title} (sent)", title=last["title"])
        )
    return Output(data, "\n".join(lines))

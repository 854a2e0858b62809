"""``rave-gui engine``: the environment in which RAVE itself runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rave_gui.cli.console import Console, Output, json_option, pass_console
from rave_gui.cli.follow import wait

if TYPE_CHECKING:
    from rave_gui.runtime.status import EngineStatus


@click.group("engine")
def command() -> None:
    """Install, check, adopt or remove the engine's environment."""


def _output(status: EngineStatus) -> Output:
    if not status.ready:
        return Output(status.to_json(), " ".join(filter(None, [status.problem, status.hint])))
    text = (
        f"The engine is ready: RAVE {status.rave}, torch {status.torch}, Python {status.python}, "
        f"device {status.device}.\n{status.path}"
    )
    return Output(status.to_json(), "\n".join([text, *status.notices]))


@command.command("status")
@json_option
@pass_console
def status_command(console: Console) -> Output:
    """Say whether the engine is ready, and what it holds."""
    return _output(console.services.engine.status())


@command.command("install")
@click.option(
    "--torch",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="auto: CUDA with an NVIDIA driver, otherwise CPU.",
)
@json_option
@pass_console
def install_command(console: Console, torch: str) -> Output:
    """Build the engine's environment (downloads PyTorch and RAVE)."""
    from rave_protocol.codec import decode
    from rave_protocol.specs import EngineInstallParams

    params = decode(EngineInstallParams, {"torch": torch})
    wait(
        console,
        console.services.jobs.submit("engine-install", params, project=None, title="Install the engine"),
    )
    return _output(console.services.engine.status())


@command.command("adopt")
@click.argument("path")
@json_option
@pass_console
def adopt_command(console: Console, path: str) -> Output:
    """Use an environment of yours (its folder or its Python) that has RAVE installed. Nothing is written into it."""
    return _output(console.services.engine.adopt(Path(path).expanduser().absolute()))


@command.command("remove")
@json_option
@pass_console
def remove_command(console: Console) -> Output:
    """Delete the engine's environment that we built, or forget an adopted one (which stays as it is)."""
    status = console.services.engine.remove()
    return Output(status.to_json(), "The engine is removed." if not status.ready else _output(status).text)

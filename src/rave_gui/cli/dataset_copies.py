"""``rave-gui dataset``: what is made of datasets that are there: copies, archives, sound files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from rave_gui.cli.console import Console, Output, json_option, pass_console
from rave_gui.cli.dataset_library import begun, detach_option, home, optional_project_option, outcome
from rave_gui.i18n import tr, trn


def _repaired(data: dict[str, Any]) -> str:
    gone = [f"  {one['key']}: {one['reason']}" for one in data["dropped"][:50]]
    return "\n".join([f"{data['path']}: {data['summary']}", *gone])


def _cleaned(data: dict[str, Any]) -> str:
    text = trn(
        "{n} chunk, {dropped} left out.",
        "{n} chunks, {dropped} left out.",
        data["chunks"],
        dropped=data["dropped"],
    )
    return f"{data['path']}: {text}"


def _exported(data: dict[str, Any]) -> str:
    return tr("{path}: {size} MB", path=data["path"], size=f"{data['bytes'] / 1e6:,.1f}")


def _copying(name: str, action: str, told: Callable[[dict[str, Any]], str], text: str) -> click.Command:
    """A command that makes one thing of a dataset: ``action`` of :mod:`rave_gui.datasets.actions`; ``told`` says what came of it."""
    target = "file" if name == "export" else "output"

    @click.command(name, help=text)
    @click.argument("dataset")
    @click.argument(target)
    @optional_project_option
    @detach_option
    @json_option
    @pass_console
    def command(
        console: Console, /, *, dataset: str, project: str | None, detach: bool, **where: str
    ) -> Output:
        from rave_gui.datasets import actions

        run = getattr(actions, action)
        view = run(console.services, Path(dataset), Path(where[target]), home(project))
        data, ended = outcome(console, view, detach)
        return Output(data, told(data) if ended else begun(view))

    return command


repair_command = _copying(
    "repair",
    "repair",
    _repaired,
    "Write a sound copy of a damaged dataset as OUTPUT; the original is not touched.",
)
clean_command = _copying(
    "clean", "clean_copy", _cleaned, "Write a copy without the chunks marked bad as OUTPUT."
)
clone_command = _copying(
    "clone",
    "clone",
    lambda data: str(data["path"]),
    "Copy a dataset as OUTPUT; where the disk can do that, without using space.",
)
export_command = _copying(
    "export",
    "export",
    _exported,
    "Write a dataset into one archive FILE (.ravedataset), as a backup or to hand on.",
)


@click.command("restore")
@click.argument("file")
@click.option(
    "--output", metavar="FOLDER", help="The new dataset [default: in the project, under its old name]."
)
@optional_project_option
@detach_option
@json_option
@pass_console
def restore_command(
    console: Console, /, *, file: str, output: str | None, project: str | None, detach: bool
) -> Output:
    """Unpack an archive of a dataset."""
    from rave_gui.datasets import actions

    target = Path(output) if output else None
    view = actions.restore(console.services, Path(file), target, home(project))
    data, ended = outcome(console, view, detach)
    return Output(data, data["path"] if ended else begun(view))


@click.command("extract")
@click.argument("dataset")
@click.argument("folder")
@optional_project_option
@click.option(
    "--index", "indices", multiple=True, type=click.IntRange(0), help="A chunk (repeat it) [default: all]."
)
@click.option("--format", "kind", type=click.Choice(["wav", "flac"]), default="wav", show_default=True)
@click.option("--bits", type=click.Choice(["16", "24"]), default="16", show_default=True)
@detach_option
@json_option
@pass_console
def extract_command(
    console: Console,
    /,
    *,
    dataset: str,
    folder: str,
    project: str | None,
    indices: tuple[int, ...],
    kind: str,
    bits: str,
    detach: bool,
) -> Output:
    """Write chunks as sound files into FOLDER. No file is overwritten."""
    from rave_gui.datasets import actions

    view = actions.extract(
        console.services,
        Path(dataset),
        Path(folder),
        indices or None,
        format=kind,
        bits=int(bits),
        project=home(project),
    )
    data, ended = outcome(console, view, detach)
    if not ended:
        return Output(data, begun(view))
    lines = [
        trn("{n} file in {folder}", "{n} files in {folder}", data["files"], folder=data["folder"]),
        *(
            tr("Chunk {index}: {reason}.", index=one["index"], reason=one["reason"])
            for one in data["skipped"][:50]
        ),
    ]
    return Output(data, "\n".join(lines))


COMMANDS: tuple[click.Command, ...] = (
    repair_command,
    clean_command,
    clone_command,
    export_command,
    restore_command,
    extract_command,
)
"""Commands of the group ``dataset`` that are declared here."""

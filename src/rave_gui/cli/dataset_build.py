"""``rave-gui dataset``: making datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rave_gui.cli.console import Console, Output, json_option, pass_console, project_option
from rave_gui.cli.training import detach_option, started


@click.command("create")
@click.argument("audio", nargs=-1, required=True)
@project_option
@click.option("--name", help="Name of the dataset [default: that of the first folder or file].")
@click.option("--preset", help="Choose the chunk length that suits this preset.")
@click.option("--num-signal", type=click.IntRange(min=1024), help="Samples of one training example.")
@click.option("--channels", type=click.IntRange(1, 8), default=1, show_default=True)
@click.option("--sample-rate", type=click.IntRange(8000, 192000), default=44100, show_default=True)
@click.option("--mono", type=click.Choice(["mix", "left", "right"]), default="mix", show_default=True)
@click.option(
    "--short-files",
    type=click.Choice(["join", "pad", "skip"]),
    default="join",
    show_default=True,
    help="What happens to files shorter than a chunk.",
)
@click.option(
    "--tails",
    type=click.Choice(["pad", "drop"]),
    default="pad",
    show_default=True,
    help="What happens to the rest of a file.",
)
@detach_option
@json_option
@pass_console
def create_command(
    console: Console,
    /,
    *,
    audio: tuple[str, ...],
    project: str,
    name: str | None,
    preset: str | None,
    num_signal: int | None,
    detach: bool,
    **options: Any,
) -> Output:
    """Make a dataset from sound files and folders (searched recursively)."""
    from rave_gui.configs import actions as configs
    from rave_gui.datasets import actions
    from rave_gui.projects import Project
    from rave_gui.projects.names import safe_name
    from rave_protocol.specs import DatasetParams

    fields = {**options, **(configs.preset_dataset(preset) if preset else {})}
    if num_signal is not None:
        fields["num_signal"] = num_signal
    opened = Project.open(project, create=True)
    first = Path(audio[0]).expanduser().absolute()
    target = opened.new_path(
        opened.datasets, name, safe_name(first.stem if first.is_file() else first.name, "sounds"), "dataset"
    )
    params = DatasetParams([str(path) for path in audio], str(target), **fields)
    view = actions.create(console.services, params, project=opened.path)
    opened.store.register("dataset", target.name, target, job=view.id)
    done = started(console, view, detach, {"path": str(target)}, str(opened.path))
    if not detach:
        data = done.data
        done.text = f"{data['path']}: {data['seconds_usable']:.0f} s of sound in {data['chunks']} chunks."
        if data["problems"]:
            done.text += f"\n{len(data['problems'])} files could not be used:"
            done.text += "".join(f"\n  {p['path']}: {p['reason']}" for p in data["problems"])
    return done


COMMANDS: tuple[click.Command, ...] = (create_command,)
"""Commands of the group ``dataset`` that are declared here."""

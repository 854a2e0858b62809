"""``rave-gui dataset``: making datasets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rave_gui.cli.console import Console, Output, json_option, one_line, pass_console
from rave_gui.cli.training_shared import detach_option, started
from rave_gui.datasets.parameters import PARAMETERS, Parameter
from rave_gui.i18n import tr, trn

if TYPE_CHECKING:
    from rave_gui.datasets.preflight import Preflight
    from rave_protocol.specs import DatasetParams

F = TypeVar("F", bound=Callable[..., Any])
SHOWN = 20
"""Files named in the text for a person; ``--json`` names all."""

project_option = click.option(
    "--project", "-p", metavar="FOLDER", help="The project's folder; it is made when it is not there."
)
output_option = click.option(
    "--output", "-o", metavar="FOLDER", help="The dataset's folder, instead of one in the project."
)
name_option = click.option("--name", help="Name of the dataset [default: that of the first folder or file].")
preset_option = click.option("--preset", help="Choose the chunk length that suits this preset.")


def _option(item: Parameter) -> Callable[[F], F]:
    """One declared parameter as an option of the command line; not given means None."""
    help_text = item.help
    default = item.default
    kind: Any
    if item.kind == "bool":
        name = f"{item.option}/--no-{item.option[2:]}"
        return click.option(name, item.key, default=None, help=f"{help_text} [default: off]")
    if item.kind in ("names", "paths"):
        what = "ENDINGS" if item.kind == "names" else "PATH"
        text = f"{help_text} " + ("Several with commas." if item.kind == "names" else "May be given again.")
        return click.option(item.option, item.key, multiple=True, metavar=what, help=text)
    if item.kind == "choice":
        kind = click.Choice([choice.value for choice in item.choices])
        words = "; ".join(f"{choice.value}: {choice.help or choice.label}" for choice in item.choices)
        help_text = f"{help_text} ({words})"
    elif item.kind == "float":
        kind = click.FloatRange(item.minimum, item.maximum)
    else:
        kind = click.IntRange(
            None if item.minimum is None else int(item.minimum),
            None if item.maximum is None else int(item.maximum),
        )
    return click.option(
        item.option, item.key, type=kind, default=None, help=f"{help_text} [default: {default}]"
    )


def parameter_options(function: F) -> F:
    """Every parameter of ``datasets.parameters`` as an option, in its order."""
    for item in reversed(PARAMETERS):
        function = _option(item)(function)
    return function


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """The options that were given, as fields of ``DatasetParams``."""
    fields: dict[str, Any] = {}
    for key, value in options.items():
        if isinstance(value, tuple):
            parts = [
                part.strip()
                for text in value
                for part in (text.split(",") if key == "extensions" else [text])
            ]
            if parts:
                fields[key] = [part for part in parts if part]
        elif value is not None:
            fields[key] = value
    return fields


def _params(
    audio: tuple[str, ...], output: str, preset: str | None, options: dict[str, Any]
) -> DatasetParams:
    from rave_gui.configs import actions as configs
    from rave_protocol.specs import DatasetParams

    fields = {**(configs.preset_dataset(preset) if preset else {}), **_given(options)}
    return DatasetParams([str(path) for path in audio], output, **fields)


@click.command("create")
@click.argument("audio", nargs=-1, required=True)
@project_option
@output_option
@name_option
@preset_option
@parameter_options
@detach_option
@json_option
@pass_console
def create_command(
    console: Console,
    /,
    *,
    audio: tuple[str, ...],
    project: str | None,
    output: str | None,
    name: str | None,
    preset: str | None,
    detach: bool,
    **options: Any,
) -> Output:
    """Make a dataset from sound files and folders (searched recursively).

    Give a project, or the folder of the dataset, or both.
    """
    from rave_gui.datasets import actions
    from rave_gui.projects import Project
    from rave_gui.projects.names import safe_name

    if not project and not output:
        raise click.UsageError("Name a project (--project) or the dataset's folder (--output).")
    if output and name:
        raise click.UsageError("--name is for datasets of a project; --output names the folder itself.")
    opened = Project.open(project, create=True) if project else None
    if output:
        target = Path(output).expanduser().absolute()
    else:
        assert opened is not None
        first = Path(audio[0]).expanduser().absolute()
        suggestion = safe_name(first.stem if first.is_file() else first.name, "sounds")
        target = opened.new_path(opened.datasets, name, suggestion, "dataset")
    params = _params(audio, str(target), preset, options)
    view = actions.create(console.services, params, project=opened.path if opened else None)
    if opened is not None:
        opened.store.register("dataset", target.name, target, job=view.id)
    done = started(console, view, detach, {"path": str(target)}, str(opened.path) if opened else None)
    if not detach:
        done.text = _made(done.data)
    return done


def _made(data: dict[str, Any]) -> str:
    """What came of a build, for a person."""
    seconds = f"{data['seconds_usable']:.0f}"
    if data.get("lazy"):
        text = trn(
            "{path}: {seconds} s of sound in {n} recording, of which RAVE draws {examples} examples.",
            "{path}: {seconds} s of sound in {n} recordings, of which RAVE draws {examples} examples.",
            data["chunks"],
            path=data["path"],
            seconds=seconds,
            examples=f"{data['examples']:,}",
        )
    else:
        text = trn(
            "{path}: {seconds} s of sound in {n} chunk.",
            "{path}: {seconds} s of sound in {n} chunks.",
            data["chunks"],
            path=data["path"],
            seconds=seconds,
        )
    if data["seconds_lost"] >= 1:
        text += " " + tr("{seconds} s are in no chunk.", seconds=f"{data['seconds_lost']:.0f}")
    for key, heading in (
        ("problems", tr("Not used, or not whole:")),
        ("skipped", tr("Passed over:")),
    ):
        rows = data[key]
        if rows:
            text += f"\n{heading}" + "".join(
                f"\n  {one_line(row['path'])}: {one_line(row['reason'])}" for row in rows
            )
    return text


@click.command("append")
@click.argument("dataset")
@click.argument("audio", nargs=-1, required=True)
@click.option("--project", "-p", metavar="FOLDER", help="The project whose dataset is named.")
@click.option("--extensions", multiple=True, metavar="ENDINGS", help="Only these kinds of file from folders.")
@click.option("--exclude", multiple=True, metavar="PATH", help="Files and folders to pass over.")
@detach_option
@json_option
@pass_console
def append_command(
    console: Console,
    /,
    *,
    dataset: str,
    audio: tuple[str, ...],
    project: str | None,
    extensions: tuple[str, ...],
    exclude: tuple[str, ...],
    detach: bool,
) -> Output:
    """Add recordings to a dataset, with the parameters it was made with.

    DATASET is a name in the project, or a folder. Recordings that are in it already are passed over.
    """
    from rave_gui.datasets import actions
    from rave_gui.projects import Project

    folder = Project.open(project).path if project else None
    given = _given({"extensions": extensions, "exclude": exclude})
    view = actions.append(console.services, Path(dataset), audio, project=folder, **given)
    done = started(console, view, detach, {}, str(folder) if folder else None)
    if not detach:
        added = trn("{n} chunk was added.", "{n} chunks were added.", done.data["added"])
        done.text = f"{added}\n{_made(done.data)}"
    return done


@click.command("scan")
@click.argument("audio", nargs=-1, required=True)
@click.option("--extensions", multiple=True, metavar="ENDINGS", help="Only these kinds of file from folders.")
@click.option("--exclude", multiple=True, metavar="PATH", help="Files and folders to pass over.")
@click.option("--loudness", is_flag=True, help="Also listen to every file: peak, loudness, silence (slow).")
@json_option
@pass_console
def scan_command(
    console: Console,
    /,
    *,
    audio: tuple[str, ...],
    extensions: tuple[str, ...],
    exclude: tuple[str, ...],
    loudness: bool,
) -> Output:
    """List the sound files of folders with length, rate, channels and format; only headers are read."""
    from rave_gui.datasets import actions
    from rave_protocol.codec import encode

    given = _given({"extensions": extensions, "exclude": exclude})
    found = actions.scan(console.services, audio, **given)
    rows = found.ordered()
    files = []
    for row in rows:
        entry = {name: getattr(row, name) for name in row.__slots__ if name != "mtime_ns"}
        if loudness and row.usable:
            heard: dict[str, Any] = encode(actions.measure(console.services, row.path))
            entry |= {k: heard[k] for k in ("peak_db", "rms_db", "loudness", "clipped", "silence")}
        files.append(entry)
    data = {
        "files": files,
        "count": len(rows),
        "seconds": found.seconds,
        "problems": [{"path": row.path, "code": row.code, "reason": row.reason} for row in rows if row.code],
        "ignored": dict(found.ignored.most_common()),
        "elapsed": found.elapsed,
    }
    lines = [
        f"{_clock(row.seconds):>9}  {row.sample_rate:>6} Hz  {row.channels} ch  {row.codec:<10}  {one_line(row.path)}"
        if row.usable
        else f"{'—':>9}  {one_line(row.path)}: {one_line(row.reason)}"
        for row in rows
    ]
    lines.append(trn("{n} file, {length}", "{n} files, {length}", len(rows), length=_clock(found.seconds)))
    return Output(data, "\n".join(lines))


def _clock(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    whole = round(seconds)
    return (
        f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}"
        if whole >= 3600
        else f"{whole // 60}:{whole % 60:02}"
    )


@click.command("preflight")
@click.argument("audio", nargs=-1, required=True)
@click.option(
    "--output", "-o", metavar="FOLDER", default="", help="Where the dataset would go; its disk is looked at."
)
@preset_option
@parameter_options
@click.option(
    "--listen",
    is_flag=True,
    help="Decode everything where headers do not tell enough, so that the forecast is exact.",
)
@json_option
@pass_console
def preflight_command(
    console: Console,
    /,
    *,
    audio: tuple[str, ...],
    output: str,
    preset: str | None,
    listen: bool,
    **options: Any,
) -> Output:
    """Say what a dataset would become: chunks, seconds lost and why, room on the disk, what to expect."""
    from rave_gui.datasets import actions

    params = _params(audio, output, preset, options)
    found = actions.preflight(console.services, params, listen=listen)
    return Output(found.to_json(), _forecast(found, lazy=params.lazy))


def _forecast(found: Preflight, *, lazy: bool) -> str:
    lines = [
        trn(
            "{n} file, {length} of sound",
            "{n} files, {length} of sound",
            found.files,
            length=_clock(found.seconds),
        ),
        (
            trn("{n} training example", "{n} training examples", found.chunks)
            if lazy
            else trn("{n} chunk", "{n} chunks", found.chunks)
        )
        + ("" if found.exact else " " + tr("(estimated: use --listen to know exactly)")),
        tr(
            "usable {usable}, lost {lost}",
            usable=_clock(found.seconds_usable),
            lost=_clock(found.seconds_lost),
        ),
        tr("takes {needed} MB", needed=f"{found.disk_needed / 1e6:,.1f}"),
    ]
    rows = [(row["path"], row["reason"]) for row in found.problems]
    rows += [(loss.path, f"{loss.seconds:.1f} s: {loss.reason}") for loss in found.losses]
    lines += [f"  {one_line(path)}: {one_line(reason)}" for path, reason in rows[:SHOWN]]
    if len(rows) > SHOWN:
        lines.append("  " + trn("and {n} more", "and {n} more", len(rows) - SHOWN))
    lines += [f"{remark.severity}: {remark.message} {remark.hint}".rstrip() for remark in found.remarks]
    return "\n".join(lines)


@click.command("notes")
@click.argument("dataset")
@click.option("--project", "-p", metavar="FOLDER", help="The project whose dataset is named.")
@click.option(
    "--source",
    default="*",
    show_default=True,
    help="A recording or folder that the notes are about; * is all.",
)
@click.option("--licence", help="Under which licence it may be used.")
@click.option("--consent", help="Who agreed to its use, and to what.")
@json_option
@pass_console
def notes_command(
    console: Console,
    /,
    *,
    dataset: str,
    project: str | None,
    source: str,
    licence: str | None,
    consent: str | None,
) -> Output:
    """Show or set notes on licence and consent; they lie in the dataset's folder and travel with it."""
    from rave_gui.datasets import actions
    from rave_gui.projects import Project

    folder = Project.open(project).path if project else None
    services, path = console.services, Path(dataset)
    if licence is None and consent is None:
        found = actions.notes(services, path, folder)
    else:
        found = actions.set_notes(services, path, source, licence=licence, consent=consent, project=folder)
    lines = [f"{key}: {note['licence']} · {note['consent']}".rstrip(" ·") for key, note in found.items()]
    return Output({"notes": found}, "\n".join(lines) or tr("There are no notes yet."))


COMMANDS: tuple[click.Command, ...] = (
    create_command,
    append_command,
    scan_command,
    preflight_command,
    notes_command,
)
"""Commands of the group ``dataset`` that are declared here."""

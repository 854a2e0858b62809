"""``rave-gui project``."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rave_gui.cli.console import Console, Output, json_option, pass_console, shell
from rave_gui.cli.training_shared import detach_option, started
from rave_gui.errors import UserError
from rave_gui.i18n import tr, trn
from rave_gui.projects.size import in_words as size

if TYPE_CHECKING:
    from rave_gui.projects import Project
    from rave_gui.projects.model import AdoptReport, TrashEntry
    from rave_gui.settings.schema import Setting, Value

folder_argument = click.argument("folder", metavar="DIR")


@click.group("project")
def command() -> None:
    """Make, open, rename, delete, pack and adopt projects."""


@command.command("create")
@folder_argument
@click.option("--name", help="What the project is called [default: the folder's name].")
@click.option("--description", default="", help="What it is about.")
@json_option
@pass_console
def create_command(console: Console, /, *, folder: str, name: str | None, description: str) -> Output:
    """Make a project in a new or an empty folder."""
    from rave_gui.workspace import actions

    info = actions.create(console.services, folder, name=name, description=description)
    return Output(info.to_json(), tr("The project “{name}” is in {path}.", name=info.name, path=info.path))


@command.command("open")
@folder_argument
@json_option
@pass_console
def open_command(console: Console, /, *, folder: str) -> Output:
    """Check a project and make it the one opened last (the window opens it next)."""
    from rave_gui.workspace import actions

    info = actions.open_project(console.services, folder)
    return Output(
        info.to_json(), tr("The project “{name}” in {path} is open.", name=info.name, path=info.path)
    )


@command.command("list")
@json_option
@pass_console
def list_command(console: Console, /) -> Output:
    """List the projects that were opened on this computer, newest first."""
    from rave_gui.workspace import actions

    found = actions.recent(console.services)
    lines = [f"{p.name}  {p.path}" + ("  " + tr("(not there now)") if p.missing else "") for p in found]
    return Output(
        {"items": [p.to_json() for p in found]}, "\n".join(lines) or tr("There are no projects yet.")
    )


@command.command("forget")
@folder_argument
@json_option
@pass_console
def forget_command(console: Console, /, *, folder: str) -> Output:
    """Take a project off the list; its folder is not touched."""
    from rave_gui.workspace import actions

    actions.forget(console.services, folder)
    path = Path(folder).expanduser().absolute()
    return Output({"path": str(path)}, tr("{path} is off the list.", path=path))


@command.command("show")
@click.argument("folder", metavar="[DIR]", required=False)
@json_option
@pass_console
def show_command(console: Console, /, *, folder: str | None) -> Output:
    """Show a project (without DIR the one opened last): what is in it and how much disk it takes."""
    from rave_gui.workspace import actions

    if folder is None:
        known = [project for project in actions.recent(console.services) if not project.missing]
        if not known:
            raise UserError(
                tr("No project was opened yet."),
                tr("Name the project's folder, or make one with: rave-gui project create DIR"),
                code="project-missing",
            )
        folder = str(known[0].path)
    found = actions.show(console.services, folder)
    counts = found["counts"]
    lines = [
        f"{found['name']}  {found['path']}",
        *([found["description"]] if found["description"] else []),
        "  ".join(
            [
                trn("{n} dataset", "{n} datasets", counts["datasets"]),
                trn("{n} run", "{n} runs", counts["runs"]),
                trn("{n} export", "{n} exports", counts["exports"]),
                trn("{n} take", "{n} takes", counts["takes"]),
                trn("{n} job", "{n} jobs", counts["jobs"]),
            ]
        ),
        tr("{used} on disk, {free} free", used=size(found["bytes"]), free=size(found["free"])),
        *(tr("running: {title}", title=job["title"]) for job in found["running"]),
    ]
    return Output(found, "\n".join(lines))


@command.command("rename")
@folder_argument
@click.argument("name")
@click.option("--folder", "move_folder", is_flag=True, help="Rename the folder as well.")
@json_option
@pass_console
def rename_command(console: Console, /, *, folder: str, name: str, move_folder: bool) -> Output:
    """Give a project another name."""
    from rave_gui.workspace import actions

    info = actions.rename(console.services, folder, name, move_folder=move_folder)
    return Output(
        info.to_json(), tr("The project is now “{name}”, in {path}.", name=info.name, path=info.path)
    )


@command.command("settings")
@folder_argument
@click.argument("key", required=False)
@click.argument("value", required=False)
@json_option
@pass_console
def settings_command(console: Console, /, *, folder: str, key: str | None, value: str | None) -> Output:
    """Show a project's settings, one of them, or change it (DIR KEY VALUE)."""
    from rave_gui.workspace import actions

    schema = {setting.key: setting for setting in actions.PROJECT_SETTINGS}
    if key is not None and value is not None and key in schema:
        actions.set_project_setting(Path(folder), key, _parse(schema[key], value))
    elif key is not None and value is not None:
        actions.set_project_setting(Path(folder), key, value)
    values = actions.project_settings(Path(folder))
    if key is not None:
        if key not in values:
            raise UserError(
                tr("A project has no setting named {key!r}.", key=key),
                tr("Its settings are: {keys}.", keys=", ".join(values)),
                code="no-such-setting",
            )
        values = {key: values[key]}
    lines = [f"{name}: {_shown(setting)}" for name, setting in values.items()]
    return Output({"settings": values}, "\n".join(lines))


def _parse(setting: Setting, text: str) -> Value:
    if isinstance(setting.default, float):
        try:
            return float(text)
        except ValueError:
            return text  # the schema says in words that it is no number
    return text


def _shown(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) and value < 1e6 else str(value)


# Deleting ------------------------------------------------------------------------------------------------------------


@command.command("delete")
@folder_argument
@click.option("--name", help="The project's name, to be sure that it is the right one.")
@click.option("--for-good", is_flag=True, help="Do not keep it in the trash.")
@json_option
@pass_console
def delete_command(console: Console, /, *, folder: str, name: str | None, for_good: bool) -> Output:
    """Delete a project. Without --name nothing is deleted: what would go is listed.

    It goes to a trash beside it and can be brought back (rave-gui project restore). What was adopted is never deleted.
    """
    from rave_gui.workspace import actions

    plan = actions.deletion_plan(console.services, folder)
    if name is None:
        lines = [tr("Deleting the project “{name}” would take:", name=plan.name)]
        lines += [f"  {item.kind}  {item.name}  {size(item.bytes)}" for item in plan.items]
        lines += [
            tr("  kept: {kind} {name}, in {path}", kind=k.kind, name=k.name, path=k.path) for k in plan.kept
        ]
        lines += [tr("  not possible now: “{job}” is running", job=job) for job in plan.blocked_by]
        lines.append(tr("Nothing was deleted. To do it, add: --name {name}", name=shell(plan.name)))
        return Output({"deleted": False, "plan": plan.to_json(), "entry": None}, "\n".join(lines))
    entry = actions.delete(console.services, folder, name)
    if for_good:
        freed = actions.empty_trash(console.services, entry, name)
        text = tr("“{name}” is gone; {size} are free now.", name=entry.name, size=size(freed))
        return Output({"deleted": True, "plan": plan.to_json(), "entry": None}, text)
    text = tr(
        "“{name}” is in the trash. Bring it back with: rave-gui project restore {path}",
        name=entry.name,
        path=shell(entry.path),
    )
    return Output({"deleted": True, "plan": plan.to_json(), "entry": entry.to_json()}, text)


@command.command("trash")
@json_option
@pass_console
def trash_command(console: Console, /) -> Output:
    """List deleted projects that can be brought back."""
    from rave_gui.workspace import actions

    found = actions.trash(console.services)
    lines = [f"{_date(entry.deleted)}  {entry.name}  {size(entry.bytes)}  {entry.path}" for entry in found]
    return Output(
        {"items": [entry.to_json() for entry in found]}, "\n".join(lines) or tr("The trash is empty.")
    )


@command.command("restore")
@click.argument("entry", metavar="PATH")
@json_option
@pass_console
def restore_command(console: Console, /, *, entry: str) -> Output:
    """Bring a deleted project back (PATH as “rave-gui project trash” shows it)."""
    from rave_gui.workspace import actions

    info = actions.restore(console.services, _entry(console, entry))
    return Output(info.to_json(), tr("“{name}” is back in {path}.", name=info.name, path=info.path))


@command.command("purge")
@click.argument("entry", metavar="PATH")
@click.option("--name", required=True, help="The project's name, to be sure that it is the right one.")
@json_option
@pass_console
def purge_command(console: Console, /, *, entry: str, name: str) -> Output:
    """Remove a deleted project for good (PATH as “rave-gui project trash” shows it)."""
    from rave_gui.workspace import actions

    found = _entry(console, entry)
    freed = actions.empty_trash(console.services, found, name)
    text = tr("“{name}” is gone; {size} are free now.", name=found.name, size=size(freed))
    return Output({"path": str(found.path), "bytes": freed}, text)


def _entry(console: Console, text: str) -> TrashEntry:
    from rave_gui.workspace import actions

    path = Path(text).expanduser().absolute()
    entry = next((e for e in actions.trash(console.services) if e.path == path or e.path.name == text), None)
    if entry is None:
        raise UserError(
            tr("There is no deleted project {path}.", path=text),
            tr("List them with: rave-gui project trash"),
            code="trash-missing",
        )
    return entry


# Archives and adoption -----------------------------------------------------------------------------------------------


@command.command("export")
@folder_argument
@click.option("--output", "-o", required=True, metavar="FILE", help="The archive that is made (.ravegui).")
@click.option(
    "--checkpoints",
    type=click.Choice(["all", "newest"]),
    default="all",
    show_default=True,
    help="“newest” leaves out all but the newest and the best of each run.",
)
@click.option("--no-takes", is_flag=True, help="Leave out rendered sounds.")
@click.option("--no-jobs", is_flag=True, help="Leave out the records of jobs.")
@click.option("--include-adopted", is_flag=True, help="Copy in what lies outside the project.")
@detach_option
@json_option
@pass_console
def export_command(
    console: Console,
    /,
    *,
    folder: str,
    output: str,
    checkpoints: str,
    no_takes: bool,
    no_jobs: bool,
    include_adopted: bool,
    detach: bool,
) -> Output:
    """Pack a project into one file with checksums. Ctrl+C cancels; an interrupted export is gone on with."""
    from rave_gui.workspace import actions

    view = actions.export_archive(
        console.services,
        folder,
        output,
        checkpoints=checkpoints,
        takes=not no_takes,
        jobs=not no_jobs,
        include_adopted=include_adopted,
    )
    done = started(console, view, detach, {"path": str(view.params["output"])}, str(view.project))
    if not detach:
        lines = [tr("{path}: {size}", path=done.data["path"], size=size(done.data["bytes"]))]
        lines += [tr("  left out: {what}", what=text) for text in done.data["left_out"]]
        done.text = "\n".join([*lines, *(f"  {text}" for text in done.data["included"])])
    return done


@command.command("import")
@click.argument("file")
@click.option("--output", "-o", required=True, metavar="DIR", help="The new project's folder.")
@click.option("--max-entries", type=click.IntRange(min=1), help="Refuse archives with more files than this.")
@click.option(
    "--max-bytes", type=click.IntRange(min=1), help="Refuse archives that unpack to more than this."
)
@detach_option
@json_option
@pass_console
def import_command(
    console: Console,
    /,
    *,
    file: str,
    output: str,
    max_entries: int | None,
    max_bytes: int | None,
    detach: bool,
) -> Output:
    """Unpack a project's archive into a new folder. Every file is checked; nothing in it may run code."""
    from rave_gui.workspace import actions

    view = actions.import_archive(
        console.services, file, output, max_entries=max_entries, max_bytes=max_bytes
    )
    done = started(console, view, detach, {"path": str(view.params["output"])}, str(view.params["output"]))
    if not detach:
        actions.open_project(console.services, done.data["path"])
        lines = [tr("The project “{name}” is in {path}.", name=done.data["name"], path=done.data["path"])]
        done.text = "\n".join(
            [*lines, *(f"  {text}" for text in [*done.data["left_out"], *done.data["notes"]])]
        )
    return done


@command.command("adopt")
@folder_argument
@click.argument("sources", metavar="FOLDER...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Take everything, also where more than 200 things are found.")
@json_option
@pass_console
def adopt_command(console: Console, /, *, folder: str, sources: tuple[str, ...], yes: bool) -> Output:
    """Use RAVE datasets, runs and exported models of other folders in a project, where they lie. Nothing there is changed.

    Hidden folders and other projects below a folder are passed over.
    """
    from rave_gui.projects import Project

    project = Project.open(folder)
    reports = [_adopt(console, project, source, yes) for source in sources]
    adopted = [item for report in reports for item in report.adopted]
    skipped = [item for report in reports for item in report.skipped]
    lines = [f"{item.kind}  {item.name}  {item.path}" for item in adopted]
    lines += [f"    {note}" for item in adopted for note in item.notes] if len(adopted) == 1 else []
    lines += [tr("skipped: {path}: {reason}", path=item.path, reason=item.reason) for item in skipped]
    data: dict[str, Any] = {
        "project": str(project.path),
        "adopted": [item.to_json() for item in adopted],
        "skipped": [item.to_json() for item in skipped],
    }
    return Output(data, "\n".join(lines) or tr("There is nothing of RAVE's in there."))


def _adopt(console: Console, project: Project, source: str, yes: bool) -> AdoptReport:
    """Adopt what is below one folder; a person at a terminal is asked where it is very much."""
    from rave_gui.projects.adoption import MANY
    from rave_gui.workspace import actions

    try:
        return actions.adopt(console.services, project, source, most=None if yes else MANY)
    except UserError as error:
        asked = error.code == "too-many" and not console.json and console.live and sys.stdin.isatty()
        if not asked or not click.confirm(f"{error.message} {tr('Add all of them?')}", err=True):
            raise
    return actions.adopt(console.services, project, source)


def _date(when: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(when))

"""``rave-gui dataset``: looking at datasets and looking after them. Copies and archives are in ``dataset_copies``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rave_gui.cli.console import (
    DONE,
    FIXABLE,
    Console,
    Output,
    existing_project_option,
    json_option,
    pass_console,
    shell,
)
from rave_gui.cli.follow import wait
from rave_gui.i18n import tr, trn

if TYPE_CHECKING:
    from rave_gui.datasets.browse import ChunkRow
    from rave_gui.jobs.service import JobView

optional_project_option = click.option(
    "--project",
    "-p",
    metavar="FOLDER",
    help="The project in which DATASET is a name; without it, DATASET is a path.",
)
detach_option = click.option("--detach", is_flag=True, help="Start it and return at once.")


def home(project: str | None) -> Path | None:
    """The folder of the project given on the command line, checked."""
    from rave_gui.projects import Project

    return Project.open(project).path if project else None


def outcome(console: Console, view: JobView, detach: bool) -> tuple[dict[str, Any], bool]:
    """The object of a command that started a job, and whether the job has ended."""
    data: dict[str, Any] = {
        "job": view.id,
        "state": view.state if detach else "succeeded",
        "project": str(view.project) if view.project else None,
    }
    if detach:
        return data, False
    result = wait(console, view)
    return {**data, **result}, True


def begun(view: JobView) -> str:
    """What to type to see how a job gets on."""
    where = f" --project {shell(view.project)}" if view.project else ""
    return f"{tr('Started as job {id}. Watch it with:', id=view.id)} rave-gui jobs log -f {view.id}{where}"


@click.command("list")
@existing_project_option
@json_option
@pass_console
def list_command(console: Console, project: str) -> Output:
    """List the datasets of a project."""
    from rave_gui.cli.dataset_words import listed
    from rave_gui.datasets import actions
    from rave_gui.projects import Project

    opened = Project.open(project)
    items = actions.list_datasets(console.services, opened.path)
    tags = opened.store.tags("dataset")
    categories = actions.categories(opened.path)
    for item in items:
        item["tags"] = tags.get(item["name"], [])
        item["category"] = categories.get(item["name"], "")
    return Output({"items": items}, listed(items) or tr("There are no datasets yet."))


@click.command("show")
@click.argument("dataset")
@optional_project_option
@json_option
@pass_console
def show_command(console: Console, dataset: str, project: str | None) -> Output:
    """Show a dataset (a name in the project, or a path): its sound, its files and their problems."""
    from rave_gui.cli.dataset_words import shown
    from rave_gui.datasets import actions
    from rave_gui.projects import Project

    folder = home(project)
    found = actions.show(console.services, Path(dataset), folder)
    if folder is not None:
        found["tags"] = Project.open(folder).store.tags("dataset").get(found["name"], [])
        found["category"] = actions.categories(folder).get(found["name"], "")
    return Output(found, shown(found))


@click.command("stats")
@click.argument("dataset")
@optional_project_option
@click.option(
    "--sample", type=click.IntRange(1), help="Chunks measured at most [default: 5000, evenly spread]."
)
@detach_option
@json_option
@pass_console
def stats_command(
    console: Console, /, *, dataset: str, project: str | None, sample: int | None, detach: bool
) -> Output:
    """Measure the sound of a dataset: loudness, peaks, silence, clipping, spectrum and bandwidth."""
    from rave_gui.datasets import actions, stats

    folder = home(project)
    path = actions.resolve(Path(dataset), folder)
    found = stats.load(path, paths=console.services.paths)
    data: dict[str, Any] = {"job": None, "state": "succeeded", "project": str(folder) if folder else None}
    if found is None or (sample is not None and found.sampled < min(sample, found.chunks)):
        view = actions.compute_stats(console.services, path, folder, sample=sample)
        data, ended = outcome(console, view, detach)
        if not ended:
            return Output({**data, "path": str(path)}, begun(view))
        found = stats.load(path, paths=console.services.paths)
    if found is None:
        return Output({**data, "path": str(path)}, tr("The dataset changed while it was measured."))
    loudness = tr("silence throughout") if found.lufs is None else f"{found.lufs:.1f} LUFS"
    lines = [
        tr("{chunks} chunks, {sampled} measured", chunks=f"{found.chunks:,}", sampled=f"{found.sampled:,}"),
        tr(
            "Loudness {lufs}, RMS {rms} dB, peak {peak} dB",
            lufs=loudness,
            rms=f"{found.rms_db:.1f}",
            peak=f"{found.peak_db:.1f}",
        ),
        tr("Silence {share} %", share=f"{100 * found.silence_share:.1f}"),
        tr(
            "Bandwidth {hz} Hz of {half} Hz",
            hz=f"{found.bandwidth_hz:,.0f}",
            half=f"{found.sample_rate / 2:,.0f}",
        ),
        *found.notes,
    ]
    return Output({**data, "path": str(path), **found.to_json()}, "\n".join(lines))


@click.command("browse")
@click.argument("dataset")
@optional_project_option
@click.option("--start", type=click.IntRange(0), default=0, show_default=True, help="Place of the first row.")
@click.option("--count", type=click.IntRange(1, 10000), default=20, show_default=True, help="Rows at most.")
@click.option(
    "--sort",
    type=click.Choice(["loudness", "peak", "silence", "source", "length"]),
    help="Order, lowest first; the index that it needs is built when it is missing.",
)
@click.option("--descending", is_flag=True, help="Highest first.")
@click.option("--source", metavar="FILE", help="Only chunks of this recording.")
@click.option("--marked", is_flag=True, help="Only chunks marked bad.")
@json_option
@pass_console
def browse_command(
    console: Console,
    /,
    *,
    dataset: str,
    project: str | None,
    start: int,
    count: int,
    sort: str | None,
    descending: bool,
    source: str | None,
    marked: bool,
) -> Output:
    """Page through the chunks of a dataset with their levels and where they came from."""
    from rave_gui.datasets import actions
    from rave_gui.datasets.browse import Browser
    from rave_protocol.codec import encode

    folder = home(project)
    path = actions.resolve(Path(dataset), folder)
    with Browser(path, console.services.paths) as browser:
        if sort is not None and not browser.indexed:
            wait(console, actions.build_index(console.services, path, folder))
            browser.refresh()
        rows = browser.page(start, count, sort, source, descending=descending, marked=marked)
        total = browser.count(source, marked=marked)
        data = {
            "path": str(path),
            "chunks": browser.chunks,
            "total": total,
            "start": start,
            "indexed": browser.indexed,
            "items": encode(rows),
        }
    return Output(data, "\n".join(map(_row, rows)) or tr("There are no such chunks."))


def _row(row: ChunkRow) -> str:
    levels = (
        ""
        if row.rms_db is None or row.silence is None
        else f"{row.rms_db:7.1f} dB  {100 * row.silence:3.0f} %"
    )
    where = f"{Path(row.source).name} {row.offset:.2f} s" if row.source and row.offset is not None else ""
    return f"{row.index:8d}{'*' if row.bad else ' '} {row.seconds:7.2f} s  {levels}  {row.problem or where}".rstrip()


@click.command("mark")
@click.argument("dataset")
@click.argument("indices", nargs=-1, type=click.IntRange(0), required=True)
@optional_project_option
@click.option("--good", is_flag=True, help="Take the mark off again.")
@json_option
@pass_console
def mark_command(
    console: Console, /, *, dataset: str, indices: tuple[int, ...], project: str | None, good: bool
) -> Output:
    """Mark chunks bad (kept beside the dataset); “dataset clean” writes a copy without them."""
    from rave_gui.datasets import actions
    from rave_gui.datasets.browse import Browser
    from rave_gui.errors import UserError

    path = actions.resolve(Path(dataset), home(project))
    with Browser(path, console.services.paths) as browser:
        if max(indices) >= browser.chunks:
            raise UserError(
                tr("There are only {n} chunks, numbered from 0.", n=browser.chunks),
                tr("Choose other numbers."),
                code="bad-parameter",
            )
        total = browser.mark(indices, bad=not good)
        marked = browser.marked()
    return Output(
        {"path": str(path), "marked": marked},
        trn("{n} chunk is marked bad.", "{n} chunks are marked bad.", total),
    )


@click.command("validate")
@click.argument("dataset")
@optional_project_option
@detach_option
@json_option
@pass_console
def validate_command(console: Console, /, *, dataset: str, project: str | None, detach: bool) -> Output:
    """Check every record of a dataset. Exit code 3 when something is wrong with it."""
    from rave_gui.datasets import actions

    view = actions.validate(console.services, Path(dataset), home(project))
    data, ended = outcome(console, view, detach)
    if not ended:
        return Output(data, begun(view))
    lines = [data["summary"], *(problem["message"] for problem in data["problems"][:50])]
    more = sum(data["counts"].values()) - len(data["problems"][:50])
    if more > 0:
        lines.append(trn("… and {n} more.", "… and {n} more.", more))
    return Output(data, "\n".join(lines), DONE if data["sound"] else FIXABLE)


@click.command("split-audit")
@click.argument("dataset")
@optional_project_option
@json_option
@pass_console
def split_audit_command(console: Console, dataset: str, project: str | None) -> Output:
    """Say how much of what RAVE validates on is also trained on."""
    from rave_gui.datasets import actions

    found = actions.split_audit(console.services, Path(dataset), home(project))
    return Output(found, f"{found['message']}\n{found['advice']}")


@click.command("adopt")
@click.argument("folder")
@existing_project_option
@click.option("--name", help="Name in the project [default: the folder's].")
@json_option
@pass_console
def adopt_command(console: Console, folder: str, project: str, name: str | None) -> Output:
    """Use a dataset that lies elsewhere, also one made by RAVE's own command line, in a project. Nothing in it is changed."""
    from rave_gui.datasets import actions
    from rave_gui.projects import Project

    found = actions.adopt(console.services, Path(folder), Project.open(project).path, name)
    return Output(found, tr("The project has the dataset as “{name}”.", name=found["name"]))


@click.command("rename")
@click.argument("dataset")
@click.argument("new_name")
@existing_project_option
@json_option
@pass_console
def rename_command(console: Console, dataset: str, new_name: str, project: str) -> Output:
    """Give a dataset of the project another name; its runs know it by the new one."""
    from rave_gui.datasets import actions
    from rave_gui.projects import Project

    found = actions.rename(console.services, Project.open(project).path, dataset, new_name)
    return Output(found, tr("The dataset is now called “{name}”.", name=found["name"]))


@click.command("tag")
@click.argument("dataset")
@click.argument("tags", nargs=-1)
@existing_project_option
@click.option("--clear", is_flag=True, help="Take all tags off.")
@json_option
@pass_console
def tag_command(
    console: Console, /, *, dataset: str, tags: tuple[str, ...], project: str, clear: bool
) -> Output:
    """Give a dataset of the project these TAGS instead of those it has."""
    from rave_gui.datasets import actions
    from rave_gui.projects import Project

    if not tags and not clear:
        raise click.UsageError("Name the tags, or give --clear.", click.get_current_context())
    found = actions.tag(console.services, Project.open(project).path, dataset, tags)
    return Output(found, ", ".join(found["tags"]) or tr("“{name}” has no tags now.", name=dataset))


@click.command("categorise")
@click.argument("dataset")
@click.argument("category", required=False)
@existing_project_option
@click.option("--clear", is_flag=True, help="Take it out of its category.")
@json_option
@pass_console
def categorise_command(
    console: Console, /, *, dataset: str, category: str | None, project: str, clear: bool
) -> Output:
    """Put a dataset of the project into one CATEGORY, such as drums or field recordings; tags can be given besides."""
    from rave_gui.datasets import actions
    from rave_gui.projects import Project

    if bool(category and category.strip()) == clear:
        raise click.UsageError("Name the category, or give --clear.", click.get_current_context())
    found = actions.categorise(console.services, Project.open(project).path, dataset, category or "")
    return Output(found, found["category"] or tr("“{name}” has no category now.", name=dataset))


@click.command("delete")
@click.argument("dataset")
@existing_project_option
@click.option("--force", is_flag=True, help="Also when runs were trained on it.")
@json_option
@pass_console
def delete_command(console: Console, dataset: str, project: str, force: bool) -> Output:
    """Move a dataset of the project into its trash."""
    from rave_gui.datasets import actions
    from rave_gui.projects import Project

    folder = Project.open(project).path
    place = actions.elsewhere(folder, dataset)
    item = actions.delete(console.services, folder, dataset, force=force)
    if place is not None:
        said = tr(
            "The project does not use “{name}” any more. Its files stay where they are: {place}",
            name=dataset,
            place=place,
        )
        return Output(item.to_json(), said)
    return Output(item.to_json(), tr("“{name}” is in the project's trash now.", name=dataset))


COMMANDS: tuple[click.Command, ...] = (
    list_command,
    show_command,
    stats_command,
    browse_command,
    mark_command,
    validate_command,
    split_audit_command,
    adopt_command,
    rename_command,
    tag_command,
    categorise_command,
    delete_command,
)
"""Commands of the group ``dataset`` that are declared here."""

"""``rave-gui trash``: what was deleted in a project."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from rave_gui.cli.console import Console, Output, existing_project_option, json_option, pass_console
from rave_gui.errors import UserError
from rave_gui.i18n import tr, trn
from rave_gui.projects.size import in_words

if TYPE_CHECKING:
    from rave_gui.projects.model import TrashedItem


@click.group("trash")
def command() -> None:
    """List, bring back or remove what was deleted in a project."""


items_argument = click.argument("items", metavar="ITEM...", nargs=-1)


@command.command("list")
@existing_project_option
@json_option
@pass_console
def list_command(_console: Console, /, *, project: str) -> Output:
    """List deleted datasets, runs, exports and takes of a project, newest first."""
    from rave_gui.projects import Project
    from rave_gui.workspace import actions

    found = actions.list_trash(Project.open(project))
    return Output(
        {"items": [item.to_json() for item in found], "bytes": sum(item.bytes for item in found)},
        "\n".join(_line(item) for item in found) or tr("The trash is empty."),
    )


@command.command("restore")
@existing_project_option
@items_argument
@json_option
@pass_console
def restore_command(console: Console, /, *, project: str, items: tuple[str, ...]) -> Output:
    """Bring deleted things back, with their tags and notes. ITEM is a name, or the word in brackets of the list."""
    from rave_gui.projects import Project
    from rave_gui.workspace import actions

    opened = Project.open(project)
    chosen = _chosen(actions.list_trash(opened), items)
    done = []
    for item in chosen:
        name = actions.restore_item(console.services, opened, item)
        done.append({"id": item.id, "kind": item.kind, "was": item.name, "name": name})
    lines = [tr("The {kind} “{name}” is back.", kind=one["kind"], name=one["name"]) for one in done]
    return Output({"restored": done}, "\n".join(lines))


@command.command("purge")
@existing_project_option
@items_argument
@click.option("--all", "everything", is_flag=True, help="Everything that lies in the trash.")
@click.option("--yes", is_flag=True, help="Remove it; without this only what would go is listed.")
@json_option
@pass_console
def purge_command(
    _console: Console, /, *, project: str, items: tuple[str, ...], everything: bool, yes: bool
) -> Output:
    """Remove deleted things for good. Without --yes nothing is removed: what would go is listed."""
    from rave_gui.projects import Project
    from rave_gui.workspace import actions

    if bool(items) == everything:
        raise click.UsageError("Name what to remove, or give --all.")
    opened = Project.open(project)
    found = actions.list_trash(opened)
    chosen = found if everything else _chosen(found, items)
    freed = sum(actions.purge_item(opened, item) for item in chosen) if yes else 0
    data = {"purged": yes, "items": [item.to_json() for item in chosen], "freed": freed}
    if yes:
        text = trn(
            "{n} thing is gone; {size} are free now.",
            "{n} things are gone; {size} are free now.",
            len(chosen),
            size=in_words(freed),
        )
        return Output(data, text)
    lines = [_line(item) for item in chosen]
    return Output(data, "\n".join([*lines, tr("Nothing was removed. To do it, add: --yes")]))


def _chosen(found: list[TrashedItem], wanted: tuple[str, ...]) -> list[TrashedItem]:
    """The items meant, each once. Raises :class:`UserError` (``trash-missing``, ``ambiguous``)."""
    if not wanted:
        raise click.UsageError("Name what is meant; rave-gui trash list shows it.")
    chosen: dict[tuple[str, str], TrashedItem] = {}
    for word in wanted:
        same = [item for item in found if item.id == word] or [item for item in found if item.name == word]
        if not same:
            raise UserError(
                tr("There is no “{name}” in the project's trash.", name=word),
                tr("rave-gui trash list shows what lies there."),
                code="trash-missing",
            )
        if len(same) > 1:
            raise UserError(
                trn(
                    "“{name}” lies in the trash {n} time.",
                    "“{name}” lies in the trash {n} times.",
                    len(same),
                    name=word,
                ),
                tr("Name one of these: {words}.", words=", ".join(item.id for item in same)),
                code="ambiguous",
            )
        chosen[same[0].kind, same[0].id] = same[0]
    return list(chosen.values())


def _line(item: TrashedItem) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(item.deleted))
    return f"{when}  {item.kind:<7}  {item.name}  {in_words(item.bytes)}  [{item.id}]"

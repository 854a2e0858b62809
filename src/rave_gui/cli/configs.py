"""``rave-gui config``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from rave_gui.cli.console import FIXABLE, Console, Output, any_project_option, json_option, pass_console
from rave_gui.cli.stacks import fields_of, project_path, stack_argument, stack_of, stack_options
from rave_gui.errors import UserError
from rave_gui.i18n import tr


@click.group("config")
def command() -> None:
    """Look at configurations, compose, check and compare them."""


@command.command("list")
@any_project_option
@json_option
@pass_console
def list_command(console: Console, project: str | None) -> Output:
    """List every configuration: RAVE's, your own and the project's."""
    from rave_gui.configs import actions

    items = actions.list_configs(console.services, project_path(project))
    return Output({"items": items}, "\n".join(_row(item) for item in items))


def _row(item: dict[str, Any]) -> str:
    memory = f"{item['figures']['phase_2_gib']:5.1f} GiB" if item["figures"] else " " * 9
    origin = "" if item["origin"] == "rave" else f" [{item['origin']}]"
    return f"{item['name']:<24}{item['kind']:<16}{memory}  {item['error'] or item['text']}{origin}"


@command.command("show")
@click.argument("name")
@any_project_option
@json_option
@pass_console
def show_command(console: Console, name: str, project: str | None) -> Output:
    """Show one configuration: what it is for, and its text."""
    from rave_gui.configs import actions

    found = actions.show(console.services, name, project_path(project))
    lines = [found["title"], found["text"], found["caution"], found["path"], "", found["source"]]
    return Output(found, "\n".join(line for line in lines if line is not None))


@command.command("compose")
@stack_argument
@stack_options
@any_project_option
@click.option("--changed", is_flag=True, help="Only what replaced something.")
@json_option
@pass_console
def compose_command(
    console: Console,
    /,
    *,
    configs: tuple[str, ...],
    overrides: tuple[str, ...],
    augmentations: tuple[str, ...],
    channels: int,
    project: str | None,
    changed: bool,
) -> Output:
    """Show every setting of a stack: its value, the file and line that set it, and what that replaced."""
    from rave_gui.configs import actions

    stack = actions.Stack(configs, overrides, augmentations, channels)
    found = actions.compose(console.services, stack, project_path(project))
    items = [item for item in found["bindings"] if item["overrode"] or not changed]
    lines = [_binding(item) for item in items]
    lines += [f"! {text}" for text in found["warnings"]]
    lines += [f"! {fault.message} {fault.hint}" for fault in actions.stack_faults(configs)]
    for fault in found["faults"]:
        place = f"{fault['source']}:{fault['line']} " if fault["source"] else ""
        lines.append(f"! {place}{fault['message']}")
    return Output({**found, "bindings": items}, "\n".join(lines), FIXABLE if found["faults"] else 0)


def _binding(item: dict[str, Any]) -> str:
    value = item["resolved"] if item["value"].startswith("%") else item["value"]
    place = f"{item['source']}:{item['line']}" if item["line"] else item["source"]
    before = ", ".join(f"{o['value']} ({o['source']}:{o['line']})" for o in item["overrode"])
    unused = "  (not used)" if item["used"] is False else ""
    return f"{item['name']} = {value}  [{place}]" + (f"  instead of {before}" if before else "") + unused


@command.command("validate")
@stack_argument
@stack_options
@any_project_option
@json_option
@pass_console
def validate_command(
    console: Console,
    /,
    *,
    configs: tuple[str, ...],
    overrides: tuple[str, ...],
    augmentations: tuple[str, ...],
    channels: int,
    project: str | None,
) -> Output:
    """Check a stack on gin's own parser and build its model: every fault at its file and line. Exits with 3 when it is not valid."""
    from rave_gui.configs import actions

    stack = actions.Stack(configs, overrides, augmentations, channels)
    found = actions.judge(console.services, stack, project=project_path(project))
    lines = [_finding(item) for item in found["findings"]]
    if found["valid"]:
        facts = found["facts"]
        lines.append(
            tr(
                "Valid: {parameters} parameters, {latents} latents of {ratio} samples each.",
                parameters=f"{facts['parameters']:,}",
                latents=facts["latent_size"],
                ratio=f"{facts['ratio']:,}",
            )
        )
    return Output(found, "\n".join(lines), 0 if found["valid"] else FIXABLE)


def _finding(item: dict[str, Any]) -> str:
    place = f"{item['source']}:{item['line']}: " if item["source"] else ""
    return f"{item['severity']}: {place}{item['message']} {item['hint']}".rstrip()


@command.command("diff")
@click.argument("before")
@click.argument("after")
@any_project_option
@json_option
@pass_console
def diff_command(console: Console, before: str, after: str, project: str | None) -> Output:
    """Compare two stacks (v2+causal), presets (preset:tiny), templates (template:NAME) or runs (run:NAME with --project)."""
    from rave_gui.configs import actions
    from rave_gui.training import parameters

    sides = [fields_of(console.services, text, project) for text in (before, after)]
    changes = parameters.diff(*(parameters.from_fields(fields) for fields in sides))
    bindings = actions.diff(console.services, stack_of(sides[0]), stack_of(sides[1]), project_path(project))
    data = {"parameters": [change.to_json() for change in changes], "bindings": bindings}
    lines = [f"{change.label}: {change.before} → {change.after}" for change in changes]
    if bindings:
        lines += ["", tr("In the configuration:")]
    lines += [f"{item['name']}: {item['before']} → {item['after']}" for item in bindings]
    return Output(data, "\n".join(lines).strip() or tr("They are the same."))


@command.command("save")
@click.argument("name")
@click.argument("file", metavar="FILE")
@click.option(
    "--replace", is_flag=True, help="Take the place of an earlier one of that name, which goes to a history."
)
@any_project_option
@json_option
@pass_console
def save_command(console: Console, /, *, name: str, file: str, replace: bool, project: str | None) -> Output:
    """Keep a gin file (- for standard input) as a configuration of your own, or of the project."""
    from rave_gui.configs import actions

    if file == "-":
        text = sys.stdin.read()
    else:
        path = Path(file).expanduser()
        if not path.is_file():
            raise UserError(tr("There is no file {path}.", path=path), code="config-missing")
        text = path.read_text(encoding="utf-8")
    saved = actions.save_own(console.services, name, text, replace=replace, project=project_path(project))
    return Output({"name": name, "path": str(saved)}, str(saved))


@command.command("trust")
@click.argument("file", metavar="FILE")
@json_option
@pass_console
def trust_command(console: Console, file: str) -> Output:
    """Let a gin file run code as it is now. Read it first; when it changes it has to be trusted again."""
    from rave_gui.configs import actions

    path = Path(file).expanduser().absolute()
    actions.trust(console.services, path)
    return Output(
        {"path": str(path), "trusted": True}, tr("{path} may run code until it changes.", path=path)
    )


@command.command("templates")
@json_option
@pass_console
def templates_command(console: Console) -> Output:
    """List your templates."""
    from rave_gui.configs import actions

    items = actions.templates(console.services)
    lines = [
        f"{item['name']}  {item.get('description') or item.get('error', {}).get('message', '')}"
        for item in items
    ]
    return Output({"items": items}, "\n".join(lines) or tr("There are no templates yet."))


@command.command("template")
@click.argument("name", required=False)
@click.option(
    "--from",
    "source",
    metavar="WHAT",
    help="Keep these settings: preset:NAME, run:NAME (with --project) or template:NAME.",
)
@click.option(
    "--import",
    "file",
    metavar="FILE",
    help="Take a template file that somebody shared, as NAME [default: its own name].",
)
@click.option("--description", default="", help="What it is for.")
@click.option(
    "--replace", is_flag=True, help="Take the place of an earlier one of that name, which goes to a history."
)
@any_project_option
@json_option
@pass_console
def template_command(
    console: Console,
    /,
    *,
    name: str | None,
    source: str | None,
    file: str | None,
    description: str,
    replace: bool,
    project: str | None,
) -> Output:
    """Show a template, or make one with --from or --import."""
    from rave_gui.configs import actions

    if file is not None and source is not None:
        raise click.UsageError("Give one of --from and --import.")
    if file is not None:
        path = Path(file).expanduser().absolute()
        saved = actions.import_template(console.services, path, name=name or "", replace=replace)
        found = actions.template(console.services, str(saved))
    elif name is None:
        raise click.UsageError("Give the template's NAME, or --import FILE.")
    elif source is not None:
        fields = fields_of(console.services, source, project)
        saved = actions.save_template(console.services, name, fields, description, replace=replace)
        found = actions.template(console.services, str(saved))
    else:
        found = actions.template(console.services, name)
    lines = [found["name"], found["description"], found["path"]]
    lines += [f"  {key} = {value}" for key, value in sorted(found["fields"].items())]
    return Output(found, "\n".join(line for line in lines if line))


@command.command("remove")
@click.argument("name")
@click.option("--template", "is_template", is_flag=True, help="NAME is one of your templates.")
@any_project_option
@json_option
@pass_console
def remove_command(console: Console, /, *, name: str, is_template: bool, project: str | None) -> Output:
    """Take a configuration of your own (or the project's), or a template, out of the list. It is kept in a history."""
    from rave_gui.configs import actions

    if is_template:
        kept = actions.remove_template(console.services, name)
    else:
        kept = actions.remove_own(console.services, name, project_path(project))
    said = tr("{name} is no longer in the list; it lies in {path}.", name=name, path=kept)
    return Output({"name": name, "path": str(kept)}, said)

"""Everything that can be done with configurations and templates, as actions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.errors import UserError
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.configs.templates import TemplateRow
from rave_gui.ui.shell.actions import Action
from rave_gui.ui.shell.undo import Step
from rave_gui.viewmodels.configs import ConfigItem

if TYPE_CHECKING:
    from rave_gui.ui.pages.configs.view import ConfigsView

PAGE = "training"


class ConfigCommands:
    """Works on the configuration or template that is chosen."""

    def __init__(self, view: ConfigsView) -> None:
        self._view, self._session = view, view.session

    def actions(self) -> Sequence[Action]:
        """All of them; keys begin with ``configs.``."""
        files, mine = tr("Configurations"), tr("Templates")

        def own(
            key: str, text: str, run: Callable[[], object], icon: str, *, group: str = files, shortcut: str = "", tip: str = "",
            danger: bool = False, enabled: Callable[[], bool] | None = None,
        ) -> Action:  # fmt: skip
            can = enabled or (lambda: True)
            return Action(
                f"configs.{key}",
                text,
                run,
                icon,
                shortcut,
                PAGE,
                group,
                tip,
                lambda: self._view.isVisible() and can(),
                danger,
            )

        def one() -> bool:
            return self._view.one is not None

        def written() -> bool:
            return self._view.one is not None and self._view.one.own

        def template() -> bool:
            return self._view.template is not None

        def sound() -> bool:
            return self._view.template is not None and self._view.template.fields is not None

        return [
            own("new", tr("New configuration…"), self.new, "file-plus", shortcut="Ctrl+Shift+N", enabled=lambda: self._session.services is not None),
            own("use", tr("Use in the composition"), self.use, "layers", enabled=one, tip=tr("Put it on what is composed, and look at what that comes to")),
            own("copy", tr("My own copy…"), self.copy, "copy-plus", enabled=one),
            own("edit", tr("Edit"), self.edit, "pencil", enabled=written),
            own("trust", tr("Trust"), self.trust, "shield-check", enabled=lambda: written() and self._view.needs_trust,
                tip=tr("Let this file run code: only when you know who wrote it")),
            own("remove", tr("Remove"), self.remove, "trash-2", enabled=written, danger=True, tip=tr("It goes to the history beside your configurations")),
            own("diff", tr("Compare two…"), self.diff, "git-compare", shortcut="Ctrl+Shift+D", enabled=lambda: self._session.services is not None,
                tip=tr("What differs between any two configurations, templates or runs")),
            own("template_save", tr("Keep as template…"), self.save_template, "bookmark", group=mine, enabled=lambda: self._view.composing),
            own("template_load", tr("Load a template…"), self.load_template, "folder-open", group=mine, enabled=lambda: self._session.services is not None,
                tip=tr("Take a template file that somebody shared with you")),
            own("template_run", tr("New run with it…"), self.run_template, "play", group=mine, enabled=sound),
            own("template_compose", tr("Look at its composition"), self.compose_template, "layers", group=mine, enabled=sound),
            own("template_share", tr("Share…"), self.share_template, "share-2", group=mine, enabled=template, tip=tr("Save the template as a file")),
            own("template_remove", tr("Remove the template"), self.remove_template, "trash-2", group=mine, enabled=template, danger=True),
        ]  # fmt: skip

    # Configurations

    def new(self) -> None:
        """An empty one of one's own."""
        self._make(None)

    def copy(self) -> None:
        """A copy of the chosen one, to be changed."""
        self._make(self._view.one)

    def _make(self, of: ConfigItem | None) -> None:
        from rave_gui.ui.dialogs.config_new import NewConfigDialog

        if not self._view.may_leave():
            return
        taken = frozenset(row.name for row in self._view.model.items)
        NewConfigDialog(self._session, of, taken, self._made).show_it()

    def _made(self, path: Path) -> None:
        self._view.reload(edit=str(path))

    def use(self) -> None:
        """Put it on the stack."""
        row = self._view.one
        if row is None:
            return
        compose = self._view.compose
        if row.kind == "augmentation" and not row.own:
            compose.set_augmentation(row.name, True)
        else:
            compose.add(row.path if row.own else row.name)
        self._view.show_part("compose")

    def edit(self) -> None:
        """Open the editor."""
        if self._view.one is not None:
            self._view.edit(self._view.one)

    def trust(self) -> None:
        """Ask first and say what it means."""
        services, row = self._session.services, self._view.one
        if services is None or row is None:
            return
        if not self._session.ask(
            tr("Let “{name}” run code?", name=row.name),
            tr(
                "A configuration can import and run any program with your rights. Trust it only when you wrote it, or know who did. "
                "When the file changes, you are asked again."
            ),
            tr("Trust this file"),
            True,
        ):
            return
        from rave_gui.configs import actions

        def done(_none: None) -> None:
            self._session.tell(tr("“{name}” is trusted as it is now.", name=row.name))
            self._view.reload()

        self._session.call(lambda: actions.trust(services, Path(row.path)), done)

    def remove(self) -> None:
        """Move to the history; undo brings back."""
        services, row = self._session.services, self._view.one
        if services is None or row is None or not self._view.may_leave():
            return
        from rave_gui.configs import actions

        folder = self._session.project.path if row.origin == "project" and self._session.project else None

        def back(kept: Path) -> None:
            self._session.call(
                lambda: actions.save_own(
                    services, row.name, kept.read_text(encoding="utf-8"), project=folder
                ),
                lambda _path: self._view.reload(),
            )

        def done(kept: Path) -> None:
            self._view.reload()
            said = tr("Removed “{name}”.", name=row.name)
            self._session.tell(said, Step(said, lambda: back(kept)))

        self._session.call(lambda: actions.remove_own(services, row.name, folder), done)

    def diff(self) -> None:
        """Any two."""
        from rave_gui.ui.dialogs.config_diff import DiffDialog

        view = self._view
        row, template = view.one, view.template
        before = f"template:{template.name}" if template is not None else "stack" if view.composing else ""
        if row is not None:
            before = f"config:{row.path if row.own else row.name}"
        DiffDialog(self._session, before, "", view.compose.stack).show_it()

    # Templates

    def save_template(self) -> None:
        """From what is composed."""
        from rave_gui.ui.dialogs.run_template import TemplateDialog

        dialog = TemplateDialog(self._session, self._view.compose.fields)
        dialog.accepted.connect(lambda: self._view.reload_templates(dialog.name.value().strip()))
        dialog.show_it()

    def load_template(self) -> None:
        """From a file."""
        services = self._session.services
        found = self._session.pick_files(tr("Load a template"), tr("Templates (*.ravetemplate)"))
        if services is None or not found:
            return
        self._load(found[0], replace=False)

    def _load(self, path: Path, *, replace: bool) -> None:
        services = self._session.services
        assert services is not None
        from rave_gui.configs import actions

        def done(made: Path) -> None:
            name = made.name.rpartition(".")[0]
            self._view.show_part("templates")
            self._view.reload_templates(name)
            self._session.tell(tr("Loaded the template “{name}”.", name=name))

        def failed(error: Exception) -> None:
            if isinstance(error, UserError) and error.code == "name-taken" and not replace:
                if self._session.ask(
                    tr("Replace your template of the same name?"),
                    tr("The earlier one is kept in the templates' history."),
                    tr("Replace"),
                    False,
                ):
                    self._load(path, replace=True)
                return
            self._session.fail(error)

        self._session.call(lambda: actions.import_template(services, path, replace=replace), done, failed)

    def run_template(self) -> None:
        """Begin a new run with it."""
        found = self._view.template
        if found is not None:
            self._session.go("training", new=True, template=found.name)

    def compose_template(self) -> None:
        """Show what its configurations come to."""
        found = self._view.template
        if found is not None and found.fields is not None:
            fields: dict[str, Any] = dict(found.fields)
            self._view.compose.set_stack(
                fields.get("configs") or ["v2"],
                fields.get("overrides") or (),
                fields.get("augmentations") or (),
            )
            self._view.show_part("compose")

    def share_template(self) -> None:
        """Save a copy of the file."""
        found = self._view.template
        if found is None:
            return
        path = self._session.pick_save(
            tr("Save the template"), f"{found.name}.ravetemplate", tr("Templates (*.ravetemplate)")
        )
        if path is None:
            return
        target = path if path.suffix else path.with_suffix(".ravetemplate")
        source = Path(found.path)

        def write() -> None:
            target.write_bytes(source.read_bytes())

        self._session.call(write, lambda _none: self._session.tell(tr("Saved {name}.", name=target.name)))

    def remove_template(self) -> None:
        """Move to the history; undo brings back."""
        services, found = self._session.services, self._view.template
        if services is None or found is None:
            return
        from rave_gui.configs import actions

        def back(row: TemplateRow) -> None:
            if row.fields is not None:
                fields = dict(row.fields)
                self._session.call(
                    lambda: actions.save_template(services, row.name, fields, row.description),
                    lambda _path: self._view.reload_templates(row.name),
                )

        def done(_kept: Path) -> None:
            self._view.reload_templates()
            said = tr("Removed the template “{name}”.", name=found.name)
            self._session.tell(said, Step(said, lambda: back(found)))

        self._session.call(lambda: actions.remove_template(services, found.name), done)

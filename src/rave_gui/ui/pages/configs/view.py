"""Configurations: the library of gin files, what a stack of them comes to, own files and templates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from rave_gui.errors import UserError
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.configs.commands import ConfigCommands
from rave_gui.ui.pages.configs.composition import CompositionView
from rave_gui.ui.pages.configs.editor import EditorView
from rave_gui.ui.pages.configs.library import LibraryView
from rave_gui.ui.pages.configs.templates import TemplateRow, TemplatesView, row
from rave_gui.ui.shell.actions import Action, ActionButton
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Banner, Segments
from rave_gui.ui.widgets.engine_banner import EngineBanner
from rave_gui.viewmodels.compose import ComposeModel
from rave_gui.viewmodels.configs import ConfigItem, ConfigsModel

PARTS = ("library", "compose", "templates")
USUAL = "v2"


class ConfigsView(QWidget):
    """The part “Configurations” of the training page."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.model, self.compose = ConfigsModel(), ComposeModel()
        self._reading = False
        self._again = False
        self._edit = ""
        self._wanted = ""
        self.commands = ConfigCommands(self)
        space = session.themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(space("m"))
        self.bar = QWidget()
        self._bar = QHBoxLayout(self.bar)
        self._bar.setContentsMargins(0, 0, 0, 0)
        self._bar.setSpacing(space("s"))
        self.tabs = Segments(
            [("library", tr("Library")), ("compose", tr("Composition")), ("templates", tr("Templates"))],
            tr("Part of the configurations"),
        )
        self.tabs.set("library")
        self.tabs.chosen.connect(self.show_part)
        self._bar.addWidget(self.tabs)
        self._bar.addStretch(1)
        box.addWidget(self.bar)
        self.engine = EngineBanner(session.themes, session.engine)
        self.engine.wanted.connect(lambda: session.actions.trigger("engine.install"))
        self.engine.cancelled.connect(lambda: session.actions.trigger("engine.cancel"))
        session.engine.changed.connect(self._engine_changed)
        box.addWidget(self.engine)
        self.problem = Banner(session.themes)
        self.problem.hide()
        box.addWidget(self.problem)
        self.stack = QStackedWidget()
        self.library = LibraryView(session, self.model)
        self.library.chosen.connect(session.actions.refresh)
        self.library.opened.connect(self._opened)
        self.composition = CompositionView(session, self.compose)
        self.templates = TemplatesView(session)
        self.templates.chosen.connect(session.actions.refresh)
        self.templates.opened.connect(self.commands.run_template)
        self.editor = EditorView(session)
        self.editor.left.connect(self._left_editor)
        self.editor.saved.connect(lambda _path: self.reload())
        for part in (self.library, self.composition, self.templates, self.editor):
            self.stack.addWidget(part)
        box.addWidget(self.stack, 1)

    # The life of a part of the page

    def actions_here(self) -> Sequence[Action]:
        """Everything that can be done here."""
        return self.commands.actions()

    def built(self) -> None:
        """Buttons of the registered actions."""
        themes, actions = self.session.themes, self.session.actions
        for key, variant in (
            ("configs.diff", "quiet"),
            ("configs.template_load", "quiet"),
            ("configs.template_save", "primary"),
            ("configs.new", "primary"),
        ):
            button = ActionButton(themes, actions, key, variant)
            self._bar.addWidget(button)
            setattr(self, f"_{key.partition('.')[2]}", button)
        self.library.detail.add_buttons()
        self.templates.add_buttons()
        self._buttons()

    def enter(self, where: dict[str, Any]) -> None:
        """``config``: name of a configuration to be shown; ``template``; ``compose``: fields of a training to be taken apart."""
        if where.get("config"):
            self.show_part("library")
            self._wanted = str(where["config"])
            self._show_wanted()
        elif where.get("template"):
            self.show_part("templates")
            self.reload_templates(str(where["template"]))
        elif where.get("compose"):
            fields = where["compose"]
            self.compose.set_stack(
                fields.get("configs") or ["v2"],
                fields.get("overrides") or (),
                fields.get("augmentations") or (),
            )
            self.show_part("compose")
        if not self.model.loaded:
            self.reload()
        self.session.actions.refresh()

    def leave(self) -> None:
        """Something else is shown."""
        self.composition.stack.apply()
        self.session.actions.refresh()

    def project_changed(self) -> None:
        """The project's own configurations are others."""
        if self.model.loaded or self.isVisible():
            self.reload()

    def services_ready(self) -> None:
        """The engine can be asked."""
        if self.isVisible():
            self.reload()

    def take_focus(self) -> None:
        """Where work begins."""
        part: Any = self.stack.currentWidget()
        part.take_focus()

    # What is shown

    @property
    def one(self) -> ConfigItem | None:
        """The configuration that is looked at, or edited."""
        if self.stack.currentWidget() is self.library:
            return self.model.item
        return self.editor.item if self.stack.currentWidget() is self.editor else None

    @property
    def template(self) -> TemplateRow | None:
        """The template that is chosen, while templates are shown."""
        return self.templates.one if self.stack.currentWidget() is self.templates else None

    @property
    def composing(self) -> bool:
        """Whether the composition is shown."""
        return self.stack.currentWidget() is self.composition

    @property
    def needs_trust(self) -> bool:
        """Whether the file is refused until the user trusts it."""
        found = self.one
        codes = {finding.code for finding in self.editor.findings} if self.editor.item is not None else set()
        return found is not None and ("untrusted-config" in codes or "trust" in found.error)

    def show_part(self, key: str) -> None:
        """library, compose or templates."""
        if not self.may_leave():
            self.tabs.set("library")
            return
        part: QWidget = {"library": self.library, "compose": self.composition, "templates": self.templates}[
            key
        ]
        self.tabs.set(key)
        self.stack.setCurrentWidget(part)
        if key == "compose":
            self.composition.enter()
        elif key == "templates":
            self.reload_templates()
        self._buttons()
        self.session.actions.refresh()

    def edit(self, item: ConfigItem) -> None:
        """Write in an own file."""
        self.editor.edit(item, self.model.bases())
        self.stack.setCurrentWidget(self.editor)
        self.editor.take_focus()
        self._buttons()
        self.session.actions.refresh()

    def may_leave(self) -> bool:
        """Whether the editor may be left: unsaved text is asked about."""
        return self.stack.currentWidget() is not self.editor or self.editor.leave()

    def reload(self, edit: str = "") -> None:
        """Read the index again (in a thread); ``edit``: the path of a file to be opened for writing then."""
        services, project = self.session.services, self.session.project
        self._edit = edit or self._edit
        if services is None:
            return
        if self._reading:
            self._again = True
            return
        from rave_gui.configs import actions

        self._reading = True
        folder = project.path if project is not None else None

        def ended() -> None:
            self._reading = False
            if self._again:
                self._again = False
                self.reload()

        def done(found: list[dict[str, Any]]) -> None:
            self.problem.hide()
            self.model.set_items(found)
            self.composition.stack.set_items(self.model.items)
            self.library.detail.reload()
            self._show_wanted()
            search = self.library.search
            if search.hasFocus() and not search.text():
                self.library.take_focus()
            ended()

        def failed(error: Exception) -> None:
            if not isinstance(error, UserError):
                raise error
            if error.code != "engine-missing":  # that one has a banner of its own
                self.problem.show_message("warning", error.message, error.hint)
            self.library.loading.setText(tr("The engine lists the configurations. It is not ready."))
            ended()

        self.session.call(lambda: actions.list_configs(services, folder), done, failed)

    def reload_templates(self, choose: str = "") -> None:
        """Read the templates again."""
        services = self.session.services
        if services is None:
            return
        from rave_gui.configs import actions

        def done(found: list[dict[str, Any]]) -> None:
            rows = [row(data) for data in found]
            if choose:
                self.templates.table.select(choose)
            self.templates.show_rows(rows)
            self.session.actions.refresh()

        self.session.call(lambda: actions.templates(services), done)

    def _engine_changed(self) -> None:
        if self.session.engine.ready and not self.model.loaded and self.isVisible():
            self.reload()

    def _show_wanted(self) -> None:
        edit = self.model.named(self._edit) if self._edit else None
        if edit is not None:
            self._edit = ""
            self.library.select(edit)
            self.edit(edit)
        # An empty half of the page tells nobody anything: at first the usual configuration is shown.
        name = self._wanted or (USUAL if self.model.item is None else "")
        wanted = self.model.named(name) if name else None
        if wanted is not None:
            self._wanted = ""
            self.library.select(wanted)
        self.session.actions.refresh()

    def _opened(self) -> None:
        found = self.one
        if found is None:
            return
        if found.own:
            self.edit(found)
        else:
            self.commands.use()

    def _left_editor(self) -> None:
        self.stack.setCurrentWidget(self.library)
        self.tabs.set("library")
        self._buttons()
        if self.isVisible():
            self.library.take_focus()
        self.session.actions.refresh()

    def _buttons(self) -> None:
        """One main thing for each part."""
        part = self.stack.currentWidget()
        for name, wanted in (
            ("_new", part is self.library),
            ("_template_save", part is self.composition),
            ("_template_load", part is self.templates),
        ):
            button = getattr(self, name, None)
            if button is not None:
                button.setVisible(wanted)
        self.bar.setVisible(part is not self.editor)
        self._make_room()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Where the words of the buttons do not fit beside the parts, those that are not the main thing keep their icons only."""
        buttons = [button for button in self.bar.findChildren(ActionButton) if not button.isHidden()]
        words = sum(button.words_width() + self._bar.spacing() for button in buttons)
        narrow = self.tabs.sizeHint().width() + words > self.width()
        for button in buttons:
            button.set_compact(narrow and button.property("variant") != "primary")

    # Keys

    def event(self, event: QEvent) -> bool:
        """Keys of this part come before the page's own shortcuts of the same name."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and self._key(event, only_ask=True)
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if not self._key(event):
            super().keyPressEvent(event)

    def _key(self, event: QKeyEvent, *, only_ask: bool = False) -> bool:
        """Ctrl+F, Escape and Delete; whether the key means something here."""
        act: Callable[[], object] | None = None
        part = self.stack.currentWidget()
        control = event.modifiers() == Qt.KeyboardModifier.ControlModifier
        if event.key() == Qt.Key.Key_F and control and part in (self.library, self.composition):
            act = (self.library if part is self.library else self.composition).search.setFocus
        elif event.modifiers() == Qt.KeyboardModifier.NoModifier:
            if event.key() == Qt.Key.Key_Escape and part is self.editor:
                act = self.editor.leave
            elif event.key() == Qt.Key.Key_Delete and self.library.table.hasFocus() and self.one is not None:
                act = self.commands.remove if self.one.own else None
            elif (
                event.key() == Qt.Key.Key_Delete
                and self.templates.table.hasFocus()
                and self.template is not None
            ):
                act = self.commands.remove_template
        if act is None:
            return False
        if not only_ask:
            act()
        return True

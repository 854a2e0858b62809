"""What differs between any two: configurations, templates, runs, the composition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QStackedWidget, QVBoxLayout

from rave_gui.configs.actions import Stack
from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import IconButton, label
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.table import Column, Table
from rave_gui.viewmodels.compose import place
from rave_gui.viewmodels.configs import ConfigItem, item

BASE = "v2"
"""What an add-on is put on to be compared."""


class DiffDialog(Dialog):
    """Keys: ``config:NAME``, ``template:NAME``, ``run:NAME``, ``stack`` (what is composed now)."""

    def __init__(
        self, session: Session, before: str = "", after: str = "", stack: Stack | None = None
    ) -> None:
        super().__init__(
            session,
            tr("What differs"),
            tr(
                "Every setting of both, put together by RAVE's own parser. An add-on is taken together with v2."
            ),
            width=920,
        )
        self._stack = stack
        self._items: dict[str, ConfigItem] = {}
        self._number = 0
        themes = session.themes
        row = QHBoxLayout()
        row.setSpacing(themes.theme.space("s"))
        self.before, self.after = QComboBox(), QComboBox()
        for combo, name in ((self.before, tr("First")), (self.after, tr("Second"))):
            combo.setAccessibleName(name)
            combo.setMinimumContentsLength(16)
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            combo.activated.connect(lambda _i: self.compare())
        self.swap = IconButton(themes, "repeat", tr("Swap the two"))
        self.swap.clicked.connect(self._swap)
        row.addWidget(self.before, 1)
        row.addWidget(self.swap)
        row.addWidget(self.after, 1)
        self.box.addLayout(row)
        self.count = label("", "strong")
        self.box.addWidget(self.count)
        self.table = Table(
            themes,
            tr("Settings that differ"),
            [
                Column("name", tr("Setting"), lambda d: d["name"], strong=True, tip=lambda d: d["name"]),
                Column("before", tr("First"), lambda d: _text(d["before"]), 230, keep=True, note=lambda d: _source(d["before_source"]), tip=lambda d: _text(d["before"])),
                Column("after", tr("Second"), lambda d: _text(d["after"]), 230, keep=True, note=lambda d: _source(d["after_source"]), tip=lambda d: _text(d["after"]),
                       tone=lambda _d: "accent"),
            ],
            key=lambda d: d["name"],
        )  # fmt: skip
        self.same = EmptyState(themes, "git-compare", tr("Choose two to be compared"), "")
        self.stack = QStackedWidget()
        self.stack.addWidget(self.same)
        self.stack.addWidget(self.table)
        self.stack.setMinimumHeight(themes.theme.px(340))
        inside = QVBoxLayout()
        inside.addWidget(self.stack)
        self.box.addLayout(inside, 1)
        self._read(before, after)

    def compare(self) -> None:
        """Ask the engine for both."""
        services = self.session.services
        first, second = self.before.currentData(), self.after.currentData()
        if services is None or not first or not second:
            return
        from rave_gui.configs import actions

        self._number += 1
        number = self._number
        project = self.session.project
        folder = project.path if project is not None else None
        self.count.setText(tr("Being compared…"))
        self.banner.hide()

        def done(found: list[dict[str, Any]]) -> None:
            if number != self._number:
                return
            self.count.setText(trn("{n} setting differs", "{n} settings differ", len(found)))
            self.table.set_rows(found)
            self.same.say(tr("They are the same"), tr("Every setting has the same value in both."))
            self.stack.setCurrentWidget(self.table if found else self.same)

        def failed(error: Exception) -> None:
            if number == self._number:
                self.count.setText("")
                self.refuse(error)

        self.call(
            lambda: actions.diff(services, self._stack_of(first), self._stack_of(second), folder),
            done,
            failed,
        )

    def _stack_of(self, key: str) -> Stack:
        """In a thread: reads templates and runs."""
        from rave_gui.configs import actions

        services, project = self.session.services, self.session.project
        assert services is not None
        kind, _, name = key.partition(":")
        if kind == "stack" and self._stack is not None:
            return self._stack
        if kind == "template":
            return Stack.of(actions.template(services, name)["fields"])
        if kind == "run" and project is not None:
            from rave_gui.training import actions as training

            return Stack.of(training.settings(services, project, name))
        found = self._items.get(name)
        if found is not None and found.kind == "augmentation" and not found.own:
            return Stack((BASE,), augmentations=(found.name,))
        return Stack((name,) if found is None or found.base else (BASE, name))

    def _read(self, before: str, after: str) -> None:
        services, project = self.session.services, self.session.project
        if services is None:
            return
        from rave_gui.configs import actions

        folder = project.path if project is not None else None

        def work() -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
            runs = [record.name for record in project.items("run")] if project is not None else []
            return actions.list_configs(services, folder), actions.templates(services), runs

        def done(found: tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]) -> None:
            rows = [item(data) for data in found[0]]
            self._items = {(row.path if row.own else row.name): row for row in rows}
            options: list[tuple[str, str]] = []
            if self._stack is not None:
                options.append(("stack", tr("The composition")))
            options += [(f"config:{key}", row.title or row.name) for key, row in self._items.items()]
            options += [
                (f"template:{t['name']}", tr("Template: {name}", name=t["name"]))
                for t in found[1]
                if "fields" in t
            ]
            options += [(f"run:{name}", tr("Run: {name}", name=name)) for name in reversed(found[2])]
            self._offer(options, before, after)

        self.call(work, done)

    def _offer(self, options: Sequence[tuple[str, str]], before: str, after: str) -> None:
        for combo, wanted in ((self.before, before), (self.after, after)):
            combo.addItem(tr("Choose…"), "")
            for key, text in options:
                combo.addItem(text, key)
            combo.setCurrentIndex(max(0, combo.findData(wanted)))
        self.compare()

    def _swap(self) -> None:
        first, second = self.before.currentIndex(), self.after.currentIndex()
        self.before.setCurrentIndex(second)
        self.after.setCurrentIndex(first)
        self.compare()


def _source(text: str | None) -> str:
    """``v2:20`` in words."""
    file, colon, line = (text or "").rpartition(":")
    return place(file, int(line)) if colon and line.isdigit() else place(text or "", 0)


def _text(value: Any) -> str:
    return tr("not set") if value is None else str(value)

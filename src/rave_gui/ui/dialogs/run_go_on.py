"""Train a run further: until which step, from which checkpoint, with which other settings, and what that means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from rave_gui.training.parameters import PARAMETERS
from rave_gui.ui import words
from rave_gui.ui.bridge import Task
from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.training.facts import value_words
from rave_gui.ui.pages.training.wizard.fields import make_field
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button, Card, IconLabel, label
from rave_gui.ui.widgets.fields import ChoiceField, Field, NumberField
from rave_gui.viewmodels.run import Checkpoint, Files
from rave_gui.viewmodels.runplan import Past, Plan, changed_fields
from rave_gui.viewmodels.runs import RunItem

SETTLE_MS = 200
FIXED = frozenset({"name", "description", "configs", "max_steps", "init_from", "seed"})
"""Parameters that are not changed on the way: another model would be another run."""


class GoOnDialog(Dialog):
    """``started`` carries the run's name."""

    started = Signal(str)

    def __init__(self, session: Session, run: RunItem, checkpoint: Path | None = None) -> None:
        super().__init__(
            session,
            tr("Go on with “{name}”", name=run.name),
            tr("Trains further where it ended. Files of the run so far are not touched."),
            action=tr("Go on"),
            icon="play",
            width=560,
        )
        self._run, self._wanted = run, checkpoint
        self._past: Past | None = None
        self._task: Task | None = None
        themes = session.themes
        reached, total = run.step or 0, run.total or 0
        self.steps = NumberField(
            themes,
            tr("Steps in all"),
            tr("It has {step} steps now.", step=f"{reached:,}") if reached else "",
            minimum=1,
            maximum=100_000_000,
            step=1000,
        )
        self.steps.set_value(total if total > reached else _further(reached))
        self.checkpoint = ChoiceField(
            themes,
            tr("From"),
            [("", tr("Newest checkpoint"))],
            tr(
                "An earlier one makes a fork: what came after it stays on disk, and the curves begin again from there."
            ),
        )
        self.checkpoint.changed.connect(self._ask)
        self.box.addWidget(self.steps)
        self.box.addWidget(self.checkpoint)
        self.more = ChoiceField(themes, tr("Change a setting"), [("", tr("none"))])
        self.more.changed.connect(self._add_chosen)
        self.box.addWidget(self.more)
        self.fields: dict[str, Field] = {}
        self._rows = QVBoxLayout()
        self._rows.setSpacing(themes.theme.space("m"))
        self.box.addLayout(self._rows)
        self.more.setEnabled(False)
        card = Card(themes)
        line = QHBoxLayout()
        line.setSpacing(themes.theme.space("s"))
        self.sign = IconLabel(themes, "info", "muted", 18)
        self.headline = label(tr("Looks at the checkpoint…"), "strong", wrap=True)
        line.addWidget(self.sign)
        line.addWidget(self.headline, 1)
        card.box.addLayout(line)
        self.details = label("", "body", wrap=True)
        card.box.addWidget(self.details)
        self.box.addWidget(card)
        self.box.addStretch(1)
        self.steps.setFocus()
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._ask)
        self._load()

    def _load(self) -> None:
        services, project = self.session.services, self.session.project
        if services is None or project is None:
            return
        name, path = self._run.name, self._run.path

        def work() -> tuple[Files, Past]:
            from rave_gui.viewmodels.runplan import past
            from rave_gui.viewmodels.runwatch import read_files

            return read_files(path), past(services, project, name)

        self.session.call(work, self._found, self.refuse)

    def _found(self, found: tuple[Files, Past]) -> None:
        files, self._past = found
        options: list[tuple[Any, str]] = [("", tr("Newest checkpoint"))]
        options += [
            (str(c.path), _checkpoint_words(c))
            for c in sorted(files.checkpoints, key=lambda c: c.step or 0, reverse=True)
        ]
        self.checkpoint.set_options(options)
        if self._wanted is not None:
            self.checkpoint.set_value(str(self._wanted))
        if self._past.values is not None:
            keys = [(p.key, tr(p.label)) for p in PARAMETERS if p.key not in FIXED]
            self.more.set_options([("", tr("none")), *keys])
            self.more.setEnabled(True)
        self._ask()

    # Other settings

    def _add_chosen(self) -> None:
        key = str(self.more.value() or "")
        self.more.set_value("")
        if key:
            self.add_setting(key)

    def add_setting(self, key: str) -> Field | None:
        """A field for one more setting that is to differ from now on."""
        past = self._past
        if past is None or past.values is None:
            return None
        if key in self.fields:
            self.fields[key].editor.setFocus()
            return self.fields[key]
        parameter = next(p for p in PARAMETERS if p.key == key)
        field = make_field(self.session.themes, parameter, self.session.pick_files)
        field.set_value(past.values[key])
        field.changed.connect(self._settle.start)
        away = Button(
            self.session.themes,
            "",
            "x",
            "quiet",
            tip=tr("As before: {name}", name=tr(parameter.label)),
        )
        away.setAccessibleName(tr("As before: {name}", name=tr(parameter.label)))
        away.clicked.connect(lambda: self._remove(key))
        field.row.addWidget(away)
        self.fields[key] = field
        self._rows.addWidget(field)
        field.editor.setFocus()
        self._ask()
        return field

    def _remove(self, key: str) -> None:
        field = self.fields.pop(key)
        self._rows.removeWidget(field)
        field.hide()
        field.deleteLater()
        self._ask()

    def _changes(self) -> dict[str, Any] | None:
        """Fields that are to differ; None while one of them cannot be taken."""
        past = self._past
        if past is None or past.values is None:
            return {}
        given = {key: field.value() for key, field in self.fields.items()}
        fine = True
        for key, field in self.fields.items():
            problem = next(p for p in PARAMETERS if p.key == key).problem(given[key])
            field.show_problem(problem or "")
            fine = fine and problem is None
        return changed_fields(past.values, given) if fine else None

    # What it means

    def _ask(self) -> None:
        services, project = self.session.services, self.session.project
        changes = self._changes()
        if services is None or project is None or changes is None:
            return
        if self._task is not None:
            self._task.cancel()
        name, checkpoint = self._run.name, self.checkpoint.value() or None

        def work() -> Plan:
            from rave_gui.viewmodels.runplan import plan

            return plan(services, project, name, checkpoint, changes)

        self._task = self.session.call(work, self._show, self._cannot)

    def _cannot(self, error: Exception) -> None:
        self.sign.set_icon("circle-alert", "danger")
        self.headline.setText(getattr(error, "message", str(error)))
        self.details.setText(getattr(error, "hint", ""))

    def _show(self, plan: Plan) -> None:
        self._task = None
        self.sign.set_icon(*(("circle-check", "success") if plan.exact else ("triangle-alert", "warning")))
        self.headline.setText(
            tr("As if it had never been interrupted.")
            if plan.exact
            else tr("Not the same as without an interruption.")
        )
        parts = []
        if plan.step is not None:
            parts.append(tr("It begins at step {step}.", step=f"{plan.step:,}"))
            if self.steps.value() <= plan.step:
                self.steps.set_value(_further(plan.step))
        if plan.lost:
            parts.append(
                tr(
                    "{lost} after it are trained again; the files of before stay.",
                    lost=words.steps(plan.lost),
                )
            )
        parts += plan.reasons
        lines = [" ".join(parts)]
        lines += [
            tr(
                "{name}: {before} → {after}",
                name=c["label"],
                before=value_words(c["before"]),
                after=value_words(c["after"]),
            )
            for c in plan.changes
        ]
        self.details.setText("\n".join(line for line in lines if line))
        self.fit()

    def submit(self) -> None:
        """Submit the job, in a thread."""
        services, project, changes = self.session.services, self.session.project, self._changes()
        if services is None or project is None or changes is None:
            return
        name, steps = self._run.name, int(self.steps.value())
        checkpoint = self.checkpoint.value() or None
        self.busy(True)

        def work() -> object:
            from rave_gui.training import actions

            return actions.resume(
                services, project, name, steps=steps, checkpoint=checkpoint, changes=changes or None
            )

        def done(_job: object) -> None:
            self.started.emit(name)
            self.accept()

        self.session.call(work, done, self.refuse)


def _checkpoint_words(found: Checkpoint) -> str:
    if found.best:
        return tr("Best on held-out sound")
    return words.steps(found.step) if found.step is not None else found.path.name


def _further(reached: int) -> int:
    """A sensible goal for a run that has reached its own."""
    return max(reached + 1000, reached * 2)

"""Last step: a name, and everything that was chosen in one view."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from rave_gui.ui import words
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.pages.training.facts import value_words
from rave_gui.ui.pages.training.wizard.forecast import Forecast
from rave_gui.ui.pages.training.wizard.parts import ElidedButton, column, fill_rows
from rave_gui.ui.pages.training.wizard.trial import TrialCard
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Card, label
from rave_gui.ui.widgets.fields import ChoiceField, TextField
from rave_gui.ui.widgets.start_time import StartTime
from rave_gui.ui.widgets.timeline import PhaseTimeline
from rave_gui.viewmodels.newrun import NewRunModel


class ReviewStep(QWidget):
    """Name and notes, the plan of the phases, what was changed from the start."""

    def __init__(self, session: Session, model: NewRunModel, forecast: Forecast) -> None:
        super().__init__()
        self._session, self._model, self._forecast = session, model, forecast
        themes = session.themes
        space = themes.theme.space
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(space("l"))
        area, box = column(themes)
        row.addWidget(area, 5)
        self._aside = QVBoxLayout()
        row.addLayout(self._aside, 2)
        card = Card(themes)
        self.name = TextField(
            themes,
            tr("Name"),
            tr("Names the run's folder. Left empty, a free name is made."),
            placeholder=tr("Such as: drums, first try"),
        )
        self.name.changed.connect(lambda: model.set_name(self.name.value().strip()))
        self.notes = TextField(
            themes, tr("Notes"), tr("What you want to remember about this run; searchable later."), lines=2
        )
        self.notes.changed.connect(lambda: model.set_value("description", self.notes.value()))
        card.box.addWidget(self.name)
        card.box.addWidget(self.notes)
        self.when = StartTime(themes, model.set_start_at)
        card.box.addWidget(self.when)
        box.addWidget(card)
        plan = Card(themes)
        plan.box.addWidget(label(tr("The plan"), "lead"))
        self.plan = label("", "body", wrap=True)
        plan.box.addWidget(self.plan)
        self.timeline = PhaseTimeline(
            themes, (tr("Phase 1 · learns the sound"), tr("Phase 2 · learns to sound real"))
        )
        self.timeline.setAccessibleName(tr("Phases of the training"))
        plan.box.addWidget(self.timeline)
        self.grid = QGridLayout()
        self.grid.setHorizontalSpacing(space("l"))
        self.grid.setVerticalSpacing(space("s"))
        self.grid.setColumnStretch(1, 1)
        plan.box.addLayout(self.grid)
        self._plan_card = plan
        box.addWidget(plan)
        self.trial = TrialCard(session, model)
        box.addWidget(self.trial)
        changes = Card(themes)
        top = QHBoxLayout()
        top.setSpacing(space("m"))
        self.changes_title = label("", "lead", wrap=True)
        top.addWidget(self.changes_title, 1)
        self.keep = ElidedButton(
            themes,
            tr("Keep as template…"),
            "bookmark",
            "quiet",
            tip=tr("These settings under a name, to begin with another time or to share"),
        )
        self.keep.clicked.connect(self._keep)
        top.addWidget(self.keep)
        changes.box.addLayout(top)
        self.compared = ChoiceField(themes, tr("Compared with"), [("", "")])
        self.compared.changed.connect(lambda: model.compare_with(str(self.compared.value() or "")))
        changes.box.addWidget(self.compared)
        self.changes = QGridLayout()
        self.changes.setHorizontalSpacing(space("l"))
        self.changes.setVerticalSpacing(space("s"))
        self.changes.setColumnStretch(2, 1)
        changes.box.addLayout(self.changes)
        box.addWidget(changes)
        box.addStretch(1)
        model.changed.connect(self._changed)

    def first_focus(self) -> QWidget:
        """The name."""
        return self.name.editor

    def take_forecast(self) -> None:
        """The one forecast moves along."""
        self._aside.addWidget(self._forecast)

    def leave(self) -> None:
        """The new run is put away."""
        self.trial.leave()

    def _keep(self) -> None:
        from rave_gui.ui.dialogs.run_template import TemplateDialog

        model = self._model
        name = (
            model.start.title if model.start is not None and model.start.key.startswith("template:") else ""
        )
        TemplateDialog(self._session, model.fields(), name or model.name).show_it()

    def show_all(self) -> None:
        """Fill in what the steps before have given."""
        model = self._model
        if self.name.value().strip() != model.name:
            self.name.set_value(model.name)
        if self.notes.value() != model.values["description"]:
            self.notes.set_value(model.values["description"])
        self._say()
        first, second = model.steps_of_phases
        total = int(model.values["max_steps"])
        self.timeline.set(0.0, float(total), float(first) if second else None)
        item = model.dataset_item
        sound = words.duration(item.facts.seconds) if item is not None and item.facts.seconds else ""
        where = tr("{name} ({length})", name=model.dataset, length=sound) if sound else model.dataset
        if second:
            self.plan.setText(
                tr(
                    "{total} in all: {first} to learn the sound, then {second} to learn to sound natural.",
                    total=words.steps(total),
                    first=words.steps(first),
                    second=words.steps(second),
                )
            )
        else:
            self.plan.setText(
                tr(
                    "{total}, all of them phase 1: it learns the sound, and stays a draft.",
                    total=words.steps(total),
                )
            )
        values, disk = model.values, model.disk_bytes
        fill_rows(
            self.grid,
            [
                (tr("Sounds"), where),
                (tr("Model"), " + ".join(Path(str(name)).stem for name in values["configs"])),
                (tr("Batch"), trn("{n} example of {samples} samples", "{n} examples of {samples} samples", values["batch"], samples=f"{values['n_signal']:,}")),
                (tr("Checkpoints"), tr("every {n} steps; the newest {kept} are kept", n=f"{values['save_every']:,}", kept=values["keep_last"]) if values["keep_last"] else tr("every {n} steps; all are kept", n=f"{values['save_every']:,}")),
                (tr("Device"), str(values["device"])),
                *([(tr("Disk"), tr("up to {size}", size=words.size(disk)))] if disk else []),
            ],
        )  # fmt: skip
        start = model.compared or model.start
        changed = [c for c in model.changes if c.key not in ("name", "description")]
        self.changes_title.setText(
            tr("Other than in “{start}”", start=start.title)
            if changed and start is not None
            else tr("Everything as in “{start}”", start=start.title if start is not None else "")
        )
        options = [("", tr("What you began with: {start}", start=model.start.title if model.start else ""))]
        options += [(s.key, s.title) for s in model.starts if model.start is None or s.key != model.start.key]
        self.compared.set_options(options)
        self.compared.set_value(model.compared.key if model.compared is not None else "")
        self.compared.setVisible(len(options) > 1)
        fill_rows(
            self.changes, [(c.label, f"{value_words(c.before)}  →  {value_words(c.after)}") for c in changed]
        )

    def _changed(self, what: str) -> None:
        if self._model.step == "review":
            if what == "name":
                self._say()
            elif what in ("facts", "values", "step", "trial"):
                self.show_all()

    def _say(self) -> None:
        model = self._model
        taken = model.name.casefold() in model.taken
        self.name.show_problem(
            tr("There is a run called “{name}” already.", name=model.name) if taken else ""
        )

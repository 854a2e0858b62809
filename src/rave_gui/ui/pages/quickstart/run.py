"""A way under way or at its end: stages, figures, and tabs to listen, to watch the curves, to read the log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from rave_gui.ui import words
from rave_gui.ui.bridge import Bridge
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.pages.quickstart.listen import ListenView
from rave_gui.ui.pages.quickstart.now import NowCard
from rave_gui.ui.pages.quickstart.result import ExportCard
from rave_gui.ui.pages.training.curves import CurvesView
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Banner, Button, Card, ElidedLabel, PathRow, Segments, label
from rave_gui.ui.widgets.log_view import LogView
from rave_gui.ui.widgets.stages import StageList
from rave_gui.viewmodels.job import JobModel
from rave_gui.viewmodels.quickstart import STAGES, QuickstartModel

TABS = ("listen", "curves", "log")


class RunView(QWidget):
    """Shows a :class:`QuickstartModel`. ``asked``: a command; ``again``: go on; ``new``: the form; ``told``: a message."""

    asked = Signal(str)
    again = Signal()
    new = Signal()
    told = Signal(str)

    def __init__(self, themes: ThemeManager, bridge: Bridge, model: QuickstartModel) -> None:
        super().__init__()
        self._themes, self._model = themes, model
        self.planned_switch: float | None = None
        self.setObjectName("page")
        outer = QVBoxLayout(self)
        pad = themes.theme.space("xl")
        outer.setContentsMargins(pad, pad, pad, pad)
        outer.setSpacing(themes.theme.space("l"))
        outer.addLayout(self._head())
        body = QHBoxLayout()
        body.setSpacing(themes.theme.space("l"))
        body.addWidget(self._side())
        right = QVBoxLayout()
        right.setSpacing(themes.theme.space("m"))
        self.banner = Banner(themes)
        self.banner.hide()
        self.details = Button(
            themes, tr("Copy details"), "copy", tip=tr("Copy the whole report for somebody who can help")
        )
        self.details.clicked.connect(self._copy_details)
        self.retry = Button(
            themes, tr("Go on"), "rotate-ccw", "primary", tip=tr("Goes on from what is finished")
        )
        self.retry.clicked.connect(self.again)
        self.banner.buttons.addWidget(self.details)
        self.banner.buttons.addWidget(self.retry)
        right.addWidget(self.banner)
        self.now = NowCard(themes)
        self.now.asked.connect(self.asked)
        right.addWidget(self.now)
        self.tabs = Segments(
            [("listen", tr("Listen")), ("curves", tr("Curves")), ("log", tr("Log"))],
            tr("What is shown below"),
        )
        self.tabs.chosen.connect(self.show_tab)
        right.addWidget(self.tabs)
        self.listen = ListenView(themes, bridge)
        self.export = ExportCard(themes)
        self.export.told.connect(self.told)
        self.export.hide()
        self.listen.add_below(self.export)
        self.curves = CurvesView(themes)
        self.log = LogView(
            themes,
            {
                "search": tr("Search the log (Enter: the one before)"),
                "follow": tr("Follow"),
                "copy": tr("Copy"),
                "name": tr("Log"),
                "empty": tr("What the work prints appears here."),
            },
        )
        self.stack = QStackedWidget()
        for widget in (self.listen, self.curves, self.log):
            self.stack.addWidget(widget)
        right.addWidget(self.stack, 1)
        body.addLayout(right, 1)
        outer.addLayout(body, 1)
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._tick)
        self._log_stage = ""
        for index, key in enumerate(TABS):
            shortcut = QShortcut(QKeySequence(f"Alt+{index + 1}"), self)
            shortcut.activated.connect(lambda key=key: self.show_tab(key))
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(self._find)
        self.show_tab("curves")
        model.changed.connect(self._changed)

    def show_tab(self, key: str) -> None:
        """Bring ``listen``, ``curves`` or ``log`` to the front; a focus on the tabs goes with it."""
        self.tabs.set(key)
        if any(self.tabs.button(other).hasFocus() for other in TABS):
            self.tabs.button(key).setFocus(Qt.FocusReason.OtherFocusReason)
        self.stack.setCurrentIndex(TABS.index(key))

    def focus_tab(self) -> None:
        """Put the focus on the tab that is shown."""
        self.tabs.button(TABS[self.stack.currentIndex()]).setFocus(Qt.FocusReason.OtherFocusReason)

    def show_all(self) -> None:
        """Show everything anew (another way was begun or found)."""
        self.curves.watch(self._model.training)
        self.log.clear()
        self._log_stage = ""
        self.show_tab("curves")
        self._changed(frozenset({"mode", "stages", "progress", "metrics", "log", "result"}))

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self._clock.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self._clock.stop()

    def _head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setSpacing(self._themes.theme.space("m"))
        text = QVBoxLayout()
        text.setSpacing(2)
        self.title = ElidedLabel("", "title")
        self.subtitle = PathRow(self._themes, tr("Copy the project's path"))
        self.subtitle.copied.connect(lambda _p: self.told.emit(tr("The path is on the clipboard.")))
        text.addWidget(self.title)
        head.addLayout(text, 1)
        self.new_button = Button(
            self._themes, tr("New model"), "plus", tip=tr("Choose other sounds"), shortcut="Ctrl+N"
        )
        self.new_button.clicked.connect(self.new)
        head.addWidget(self.new_button, 0, Qt.AlignmentFlag.AlignTop)
        return head

    def _side(self) -> Card:
        side = Card(self._themes)
        theme = self._themes.theme
        side.setFixedWidth(theme.px(248))
        self._themes.changed.connect(lambda: side.setFixedWidth(min(self._themes.theme.px(248), 380)))
        self.stages = StageList(self._themes, words.stage_titles())
        side.box.addWidget(self.stages)
        side.box.addStretch(1)
        self.about = label("", "caption", wrap=True)
        side.box.addWidget(self.about)
        side.box.addWidget(label(tr("Project"), "caption"))
        side.box.addWidget(self.subtitle)
        return side

    def _changed(self, topics: frozenset[str]) -> None:
        model = self._model
        if model.mode == "setup":
            return
        if topics & {"mode", "result"}:
            self._show_mode()
        self._show_stages()
        self.now.show_model(model, self.planned_switch)
        if topics & {"metrics", "progress", "mode"}:
            self.curves.touch()
        if topics & {"log", "stages"}:
            self._show_log()
        if topics & {"stages", "state", "result", "mode"}:
            self._show_results()

    def _show_mode(self) -> None:
        model = self._model
        request = model.request
        if request is not None:
            self.title.setText(Path(request.project).name)
            self.subtitle.set(request.project)
            sounds = (
                trn("{n} source of sound", "{n} sources of sound", len(request.sources))
                if request.sources
                else tr("Demo sounds")
            )
            self.about.setText(tr("{sounds}, {steps}", sounds=sounds, steps=words.steps(request.steps)))
        self.new_button.setEnabled(model.mode != "running")
        ended_early = model.mode in ("failed", "cancelled", "interrupted")
        if ended_early:
            message, hint, details = model.failure or ("", "", "")
            tone = "danger" if model.mode == "failed" else "warning"
            title = {
                "failed": message or tr("The work failed."),
                "cancelled": tr("Cancelled. What was finished is kept."),
                "interrupted": message or tr("The work was interrupted. What was finished is kept."),
            }[model.mode]
            text = tr("Go on to take it up again from there.") if model.mode == "cancelled" else hint
            self.banner.show_message(tone, title, text)
            self.details.setVisible(model.mode == "failed" or bool(details))
        else:
            self.banner.hide()
        early = ended_early and model.current.progress is None
        self.now.setVisible(model.mode != "finished" and not early)
        if model.mode == "finished":
            self.show_tab("listen")
            self.listen.take_focus()
        elif early:
            self.show_tab("log")

    def _show_stages(self) -> None:
        model = self._model
        reached = STAGES.index(model.stage)
        for index, key in enumerate(STAGES):
            job = model.jobs[key]
            state = self._stage_state(model, index, reached, job)
            self.stages.rows[key].set(state, self._stage_detail(model, key, state, job), job.fraction)

    def _stage_state(self, model: QuickstartModel, index: int, reached: int, job: JobModel) -> str:
        if model.mode == "finished" or index < reached or (job.ended_well and model.mode != "running"):
            return "done"
        if index > reached:
            return "waiting"
        if model.mode in ("failed", "interrupted"):
            return "failed"
        if model.mode == "cancelled":
            return "cancelled"
        return {"paused": "paused", "succeeded": "done"}.get(job.state, "running")

    def _stage_detail(self, model: QuickstartModel, key: str, state: str, job: JobModel) -> str:
        if state == "waiting":
            return {
                "dataset": "",
                "training": "",
                "reconstruction": tr("Plays held-out sound"),
                "export": tr("For nn~, verified"),
            }[key]
        if state == "failed":
            return tr("Did not finish")
        if state == "cancelled":
            return tr("Cancelled")
        result: dict[str, Any] = {**job.result, **model.result.get({"training": "run"}.get(key, key), {})}
        if state == "done":
            return self._done_detail(key, result, job)
        if job.state in ("queued", "starting"):
            return tr("Waiting for its turn") if job.state == "queued" else tr("Starting")
        if job.progress is None:
            return tr("Starting")
        if state == "paused":
            return tr("Paused")
        if model.asked in ("stop", "cancel"):
            return tr("Ending")
        return tr("{time} left", time=words.duration(job.eta)) if job.eta is not None else tr("Working")

    def _done_detail(self, key: str, result: dict[str, Any], job: JobModel) -> str:
        if key == "dataset" and isinstance(result.get("seconds_usable"), (int, float)):
            text = tr("{time} of sound", time=words.duration(result["seconds_usable"]))
            problems = len(result.get("problems") or [])
            if problems:
                text += "\n" + trn(
                    "{n} file left out: see the log", "{n} files left out: see the log", problems
                )
            return text
        if key == "training" and result.get("step") is not None:
            text = words.steps(int(result["step"]))
            return tr("{steps}, stopped early", steps=text) if job.stopped or result.get("stopped") else text
        if key == "reconstruction" and isinstance(result.get("distance"), (int, float)):
            return tr("Distance {value}", value=f"{result['distance']:.1f}")
        if key == "export" and isinstance(result.get("streaming_error_db"), (int, float)):
            return tr("Verified, error {db} dB", db=f"{result['streaming_error_db']:.0f}")
        return tr("Done")

    def _show_log(self) -> None:
        job = self._model.current
        if self._model.stage != self._log_stage:
            self._log_stage = self._model.stage
            self.log.clear()
        self.log.show_lines(job.log, job.log_dropped)

    def _show_results(self) -> None:
        model = self._model
        reconstruction = model.result.get("reconstruction") or model.jobs["reconstruction"].result or None
        self.listen.show_result(reconstruction)
        export = model.result.get("export")
        self.export.setVisible(bool(export))
        if export:
            self.export.show_export(export)

    def _tick(self) -> None:
        if self._model.mode == "running":
            self.now.tick(self._model.current)

    def _find(self) -> None:
        self.show_tab("log")
        self.log.search.setFocus()

    def _copy_details(self) -> None:
        message, hint, details = self._model.failure or ("", "", "")
        tail = "\n".join(line.text for line in self._model.current.log[-200:])
        report = tr("Stage: {stage}", stage=words.stage_titles()[self._model.stage])
        QGuiApplication.clipboard().setText(
            "\n\n".join(p for p in (report, message, hint, details, tail) if p)
        )
        self.told.emit(tr("The report is on the clipboard."))

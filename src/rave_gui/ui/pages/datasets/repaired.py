"""What became of the chunks of a dataset that was repaired or cleaned into the one that is shown."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from rave_gui.ui import words
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Card, label
from rave_gui.ui.widgets.table import Column, Table
from rave_gui.viewmodels.datasets import Entry
from rave_gui.viewmodels.jobs import Row

KINDS = ("dataset-repair", "dataset-clean")


class RepairCard(Card):
    """Hidden unless a job of this kind made the dataset."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.themes)
        self._session = session
        self.title = label("", "lead")
        self.text = label("", "body", wrap=True)
        self.lost = Table(
            session.themes,
            tr("Chunks that could not be saved"),
            [
                Column("key", tr("Chunk"), lambda d: str(d["key"]), 120),
                Column("reason", tr("Why"), lambda d: str(d["reason"]), tip=lambda d: str(d["reason"])),
            ],
            key=lambda d: d["key"],
        )
        self.lost.setMinimumHeight(session.themes.theme.px(170))
        for part in (self.title, self.text, self.lost):
            self.box.addWidget(part)
        self.hide()

    def show_entry(self, entry: Entry) -> None:
        """Show the report, when there is one."""
        job = next((row for row in self._session.jobs.rows if _made(row, entry)), None)
        result: dict[str, Any] = (job.result if job is not None else None) or {}
        self.setVisible(bool(result))
        if job is None or not result:
            return
        dropped = result.get("dropped")
        rows = dropped if isinstance(dropped, list) else []
        origin = PurePath(str(job.params.get("dataset", ""))).name
        if job.kind == "dataset-repair":
            self.title.setText(tr("Repaired copy of “{name}”", name=origin))
            parts = [str(result.get("summary", ""))]
            if result.get("converted"):
                n = int(result["converted"])
                parts.append(
                    trn("{n} chunk was converted to 16 bits.", "{n} chunks were converted to 16 bits.", n)
                )
            missing = int(result.get("dropped_total") or 0) - len(rows)
            if missing > 0:
                parts.append(tr("{n} more are not listed.", n=f"{missing:,}"))
        else:
            count = int(dropped) if isinstance(dropped, int) else 0
            self.title.setText(tr("Clean copy of “{name}”", name=origin))
            parts = [
                trn("{n} marked chunk was left out.", "{n} marked chunks were left out.", count),
            ]
        if job.ended is not None and job.started is not None:
            parts.append(tr("It took {time}.", time=words.duration(job.ended - job.started)))
        self.text.setText(" ".join(part for part in parts if part))
        self.lost.set_rows(rows)
        self.lost.setVisible(bool(rows))


def _made(job: Row, entry: Entry) -> bool:
    if job.kind not in KINDS or job.state != "succeeded":
        return False
    return str((job.result or {}).get("path", "")) == str(entry.path)

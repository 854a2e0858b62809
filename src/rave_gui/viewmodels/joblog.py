"""What a job did, in words, from its events; and what of its printed log is worth reading."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from pathlib import Path, PurePath

from rave_gui.i18n import tr
from rave_gui.viewmodels.job import LogLine
from rave_protocol import events, jobfolder
from rave_protocol.codec import ProtocolError

_MANY = (b'{"type":"metric"', b'{"type":"progress"', b'{"type":"ack"')
"""Beginnings of lines that are left unread here: there are thousands, and the curves show them."""
_NOISE = re.compile(
    r"site-packages.*: \w*Warning: |^\s*warnings\.warn\(|^(GPU|TPU|IPU|HPU) available|rank_zero_|"
    r"^LOCAL_RANK|TensorFlow binary|^Restored all states|^`Trainer",
)


class StoryReader:
    """Lines for the events appended since the last :meth:`read`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / jobfolder.EVENTS
        self._offset = 0

    def read(self) -> list[LogLine]:
        """New lines; none while there is no file. A torn last line waits for its rest."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except OSError:
            return []
        whole, newline, _rest = data.rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        found = []
        for raw in whole.splitlines():
            if raw.startswith(_MANY):
                continue
            try:
                line = story_line(events.from_json(json.loads(raw)))
            except (ValueError, ProtocolError, AttributeError):
                continue  # no event of this version
            if line is not None:
                found.append(line)
        return found


def story_line(stamped: events.Stamped) -> LogLine | None:
    """One event in words, with the time of day; None for what nobody reads."""
    text, level = _words(stamped.event)
    if not text:
        return None
    return LogLine(f"{time.strftime('%H:%M:%S', time.localtime(stamped.time))}  {text}", level)


def _words(event: events.Event) -> tuple[str, str]:
    match event:
        case events.Started():
            names = ", ".join(f"{name} {version}" for name, version in event.versions.items())
            return (tr("Started ({versions})", versions=names) if names else tr("Started")), "info"
        case events.Log():
            return event.text, event.level
        case events.Artifact():
            return _artifact(event), "info"
        case events.Warned():
            return " ".join(part for part in (event.message, event.hint) if part), "warning"
        case events.Paused():
            return tr("Paused"), "info"
        case events.Resumed():
            return tr("Goes on"), "info"
        case events.Failed():
            return " ".join(part for part in (event.message, event.hint) if part), "error"
        case events.Finished():
            if event.cancelled:
                return tr("Cancelled"), "info"
            return (tr("Stopped, with everything saved") if event.stopped else tr("Done")), "info"
    return "", "info"


def _artifact(event: events.Artifact) -> str:
    name, step = PurePath(event.path).name, event.info.get("step")
    if event.kind == "checkpoint" and isinstance(step, int):
        if event.info.get("best"):
            return tr("Best so far saved at step {step}", step=f"{step:,}")
        return tr("Checkpoint saved at step {step}", step=f"{step:,}")
    if event.kind == "audio" and event.info.get("role") == "original":
        return ""
    if event.kind == "audio" and isinstance(step, int):
        return tr("Preview at step {step}", step=f"{step:,}")
    return tr("Written: {name}", name=name)


def worth_reading(lines: Iterable[LogLine]) -> list[LogLine]:
    """Printed lines without what libraries say to developers: warnings of deprecation with the line of code they show."""
    kept: list[LogLine] = []
    after_noise = False
    for line in lines:
        if _NOISE.search(line.text):
            after_noise = True
            continue
        if after_noise and line.text.startswith("  ") and line.level == "info":
            continue
        after_noise = False
        kept.append(line)
    return kept

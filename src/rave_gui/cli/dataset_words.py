"""Datasets in words, for ``dataset list`` and ``dataset show`` without ``--json``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rave_gui.i18n import tr, trn

SHOWN = 50
"""Problems told one by one."""


def listed(items: Sequence[dict[str, Any]]) -> str:
    """One line a dataset, in columns: name, length, chunks, form, size, category and tags."""
    rows: list[list[str]] = []
    for item in items:
        if "error" in item:
            rows.append([item["name"], item["error"]["message"]])
            continue
        marks = [item["category"]] if item.get("category") else []
        if item.get("tags"):
            marks.append(f"[{', '.join(item['tags'])}]")
        rows.append([item["name"], _length(item), _pieces(item), _form(item), _size(item), " ".join(marks)])
    wide = [row for row in rows if len(row) > 2]
    widths = [max((len(row[i]) for row in wide), default=0) for i in range(5)]
    name = max((len(row[0]) for row in rows), default=0)
    lines = []
    for row in rows:
        cells = [row[0].ljust(name)]
        if len(row) == 2:
            cells.append(row[1])
        else:
            # Lengths, counts and sizes stand flush right, as figures do.
            cells += [row[i].rjust(widths[i]) if i != 3 else row[i].ljust(widths[i]) for i in range(1, 5)]
            cells.append(row[5])
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def shown(found: dict[str, Any]) -> str:
    """What one dataset is, what of its recordings was lost, and what is wrong with them."""
    lines = [
        found["name"],
        f"  {found['path']}",
        f"  {_length(found)}  ·  {_pieces(found)}  ·  {_form(found)}  ·  {_size(found)}",
    ]
    if found["num_signal"]:
        lines.append("  " + tr("training examples of {n} samples", n=f"{found['num_signal']:,}"))
    if found["lazy"]:
        lines.append(
            "  "
            + tr(
                "the sound stays in its files; RAVE draws about {n} examples of it",
                n=f"{found['examples']:,}",
            )
        )
    if found.get("category"):
        lines.append("  " + tr("category: {category}", category=found["category"]))
    if found.get("tags"):
        lines.append("  " + tr("tags: {tags}", tags=", ".join(found["tags"])))
    if not found["sidecar"]:
        lines.append("  " + tr("made by another program: its recordings are not known"))
        return "\n".join(lines)
    told = trn("{n} recording", "{n} recordings", len(found["files"]))
    if found["seconds_lost"] >= 0.05:
        told += ", " + tr("{time} in no chunk", time=_time(found["seconds_lost"]))
    lines.append("  " + told)
    problems = found["problems"]
    if problems:
        lines.append("  " + tr("Not used, or not whole:"))
        lines += [f"    {row['path']}: {row['reason']}" for row in problems[:SHOWN]]
    if len(problems) > SHOWN:
        lines.append("    " + trn("and {n} more", "and {n} more", len(problems) - SHOWN))
    return "\n".join(lines)


def _time(seconds: float) -> str:
    from rave_gui.viewmodels.datasets import length_text

    return length_text(seconds)


def _length(item: dict[str, Any]) -> str:
    return _time(item["seconds"]) if item["seconds"] else ""


def _pieces(item: dict[str, Any]) -> str:
    if item["lazy"]:
        return trn("{n} recording", "{n} recordings", item["chunks"])
    return trn("{n} chunk", "{n} chunks", item["chunks"])


def _form(item: dict[str, Any]) -> str:
    from rave_gui.viewmodels.datasets import channels_text, rate_text

    return f"{rate_text(item['sample_rate'])} {channels_text(item['channels'])}".strip()


def _size(item: dict[str, Any]) -> str:
    return tr("{size} MB", size=f"{item['size'] / 1e6:,.1f}")

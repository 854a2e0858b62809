"""Laying out a report: one page for browsers, and a plainer one for print."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from rave_gui.i18n import tr, trn
from rave_gui.training import parameters, tags
from rave_gui.training.experiments import chart
from rave_gui.training.experiments.compare import Difference
from rave_gui.training.experiments.report import RECORDINGS, Provenance, Report, RunPart, embedded

_STYLE = """
:root{--paper:#fff;--ink:#1b1c22;--quiet:#5a5d6b;--line:#e2e2e8;--well:#f7f7f9;--mark:#ecebfb}
@media (prefers-color-scheme:dark){:root{--paper:#131417;--ink:#ecedf1;--quiet:#a4a8b6;--line:#2d2f37;--well:#1b1c21;--mark:#2a2850}}
@media print{:root{--paper:#fff;--ink:#000;--quiet:#444;--line:#ccc;--well:#fff;--mark:#f0f0f8}audio{display:none}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1180px;margin:0 auto;padding:32px 24px 64px}h1{margin:0;font-size:28px}h2{margin:40px 0 12px;font-size:20px}
h3{margin:24px 0 8px;font-size:16px}p{margin:0 0 8px}.quiet{color:var(--quiet)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
.wide{overflow-x:auto}th,td{padding:5px 12px 5px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
th{font-weight:600}tr.differs{background:var(--mark)}td.n{white-space:nowrap}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,480px),1fr));gap:16px}
.charts svg{width:100%;height:auto;background:var(--well);border:1px solid var(--line);border-radius:8px;padding:8px}
svg text.ink{fill:var(--ink)}svg text.quiet{fill:var(--quiet)}svg line.grid{stroke:var(--line)}
.key{display:flex;flex-wrap:wrap;gap:4px 20px;margin:0 0 12px}.key span::before{content:"";display:inline-block;width:14px;height:4px;border-radius:2px;margin-right:8px;vertical-align:middle;background:var(--c)}
.sounds{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:16px}.sounds figure{margin:0;padding:12px;border:1px solid var(--line);border-radius:8px;background:var(--well)}
audio{width:100%;margin:2px 0 8px}details{margin:12px 0}summary{cursor:pointer}pre{overflow:auto;max-height:480px;padding:12px;background:var(--well);border:1px solid var(--line);border-radius:8px;font-size:12px}
"""


PRINTED = 330
"""Width of a picture in print, in points."""


def page(report: Report) -> str:
    """The report for a browser: light or dark as the reader has it, with its sounds inside."""
    names = [run.name for run in report.runs]
    colours = chart.palette(names)
    key = "".join(f'<span style="--c:{colours[name]}">{escape(name)}</span>' for name in names)
    body = [
        *_head(report),
        f"<h2>{escape(tr('Curves'))}</h2>",
        f'<div class="key">{key}</div>' if len(names) > 1 else "",
        f'<div class="charts">{"".join(svg for _, svg in _charts(report, colours))}</div>'
        if report.comparison.lines
        else f"<p>{escape(tr('Nothing was measured yet.'))}</p>",
        *_figures(report),
        *_settings(report),
    ]
    for run in report.runs:
        body += _run(run, len(report.runs) > 1)
    title = escape(_title(report))
    return (
        f'<!doctype html>\n<html lang="{escape(tr("en"))}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{title}</title>'
        f"<style>{_STYLE}</style></head>\n<body><main>\n"
        + "\n".join(part for part in body if part)
        + "\n</main></body></html>\n"
    )


def printable(report: Report) -> tuple[str, dict[str, str]]:
    """Simple HTML for print, and its pictures as SVG texts by the names it calls them."""
    names = [run.name for run in report.runs]
    colours = chart.palette(names)
    pictures = {f"chart-{n}.svg": svg for n, (_, svg) in enumerate(_charts(report, colours))}
    key = " &nbsp; ".join(f'<font color="{colours[name]}">&#9632;</font> {escape(name)}' for name in names)
    body = [
        *_head(report),
        f"<h2>{escape(tr('Curves'))}</h2>",
        f"<p>{key}</p>" if len(names) > 1 else "",
        _pairs([f'<img src="{name}" width="{PRINTED}">' for name in pictures]),
        *_figures(report),
        *_settings(report),
    ]
    for run in report.runs:
        body += _run(run, len(report.runs) > 1, printed=True)
    return "<html><body>" + "\n".join(part for part in body if part) + "</body></html>", pictures


def _pairs(cells: Sequence[str]) -> str:
    """A table with two cells a row."""
    rows = "".join(
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells[n : n + 2]) + "</tr>"
        for n in range(0, len(cells), 2)
    )
    return f"<table>{rows}</table>"


def _title(report: Report) -> str:
    if len(report.runs) == 1:
        return report.runs[0].name
    return trn("{n} run compared", "{n} runs compared", len(report.runs))


def _head(report: Report) -> list[str]:
    made = _when(report.made)
    engine = ", ".join(f"{key} {value}" for key, value in report.engine.items())
    said = tr(
        "Project {project}, {time}, RAVE GUI {version}",
        project=report.project,
        time=made,
        version=report.version,
    )
    return [
        f"<h1>{escape(_title(report))}</h1>",
        f'<p class="quiet">{escape(said)}</p>',
        f'<p class="quiet">{escape(tr("Engine when this was written: {versions}", versions=engine))}</p>'
        if engine
        else "",
    ]


def _charts(report: Report, colours: dict[str, str]) -> list[tuple[str, str]]:
    axis = chart.axis_name(report.align)
    found = []
    for tag in sorted(report.comparison.tags, key=tags.weight):
        lines = [line for line in report.comparison.lines if line.tag == tag]
        if lines and tag not in tags.SILENT:
            found.append((tag, chart.chart(tags.words(tag), lines, axis, colours)))
    return found


def _figures(report: Report) -> list[str]:
    """Speed, and what every curve came to."""
    runs = report.comparison.runs
    rows = [
        Difference(tr("Steps"), [b.steps for b in report.comparison.benchmarks]),
        Difference(tr("Time at work"), [_duration(b.seconds) for b in report.comparison.benchmarks]),
        Difference(tr("Steps per second"), [b.steps_per_second for b in report.comparison.benchmarks]),
        Difference(tr("Memory at most"), [_bytes(b.peak_memory) for b in report.comparison.benchmarks]),
        *(
            Difference(tags.words(tag), [_came_to(run.fields, tag) for run in runs])
            for tag in sorted(report.comparison.tags, key=tags.weight)
            if tag not in tags.SILENT
        ),
    ]
    rows = [row for row in rows if any(value not in (None, "") for value in row.values)]
    return [f"<h2>{escape(tr('Figures'))}</h2>", _table([run.name for run in runs], rows, mark=False)]


def _came_to(fields: Mapping[str, Any], tag: str) -> str:
    """The last value of a curve and, where lower is better, its best one."""
    last, best, step = (fields.get(f"{tag}.{key}") for key in ("last", "best", "best_step"))
    if last is None:
        return ""
    if tag not in tags.FALLING or best is None or best == last:
        return shown(last)
    return tr("{last}, lowest {best} at step {step}", last=shown(last), best=shown(best), step=shown(step))


def _settings(report: Report) -> list[str]:
    runs = report.comparison.runs
    rows = [
        row for row in report.comparison.parameters if any(v not in (None, "", [], ()) for v in row.values)
    ]
    rows.sort(key=lambda row: (row.same and len(runs) > 1, _place(row.name)))
    said = tr("Settings that differ come first and are marked.") if len(runs) > 1 else ""
    return [
        f"<h2>{escape(tr('Settings'))}</h2>",
        f'<p class="quiet">{escape(said)}</p>' if said else "",
        _table([run.name for run in runs], rows, mark=len(runs) > 1),
    ]


def _table(heads: Sequence[str], rows: Iterable[Difference], *, mark: bool) -> str:
    top = "".join(f'<th align="left">{escape(head)}</th>' for head in ("", *heads)) if len(heads) > 1 else ""
    lines = []
    for row in rows:
        cells = "".join(f"<td>{escape(shown(value))}</td>" for value in row.values)
        kind = ' class="differs" bgcolor="#ecebfb"' if mark and not row.same else ""
        lines.append(f'<tr{kind}><th align="left">{escape(_label(row.name))}</th>{cells}</tr>')
    head = f"<tr>{top}</tr>" if top else ""
    return f'<div class="wide"><table width="100%" cellpadding="3">{head}{"".join(lines)}</table></div>'


def _parameter(name: str) -> parameters.Parameter | None:
    wanted = "configs" if name == "config" else name
    return next((p for p in parameters.PARAMETERS if wanted in (p.key, p.binding)), None)


def _place(name: str) -> tuple[int, str]:
    """Where a setting stands in the form; those it does not have come last, the dataset first."""
    item = _parameter(name)
    if name == "dataset":
        return -1, name
    return (parameters.PARAMETERS.index(item) if item else len(parameters.PARAMETERS)), name


def _label(name: str) -> str:
    """A setting's words with its own name, other names as they are."""
    item = _parameter(name)
    if item is None:
        return tr("Dataset") if name == "dataset" else tr("Preset") if name == "preset" else name
    return f"{tr(item.label)} ({name})"


def _run(run: RunPart, several: bool, printed: bool = False) -> list[str]:
    body = [f"<h2>{escape(run.name)}</h2>"] if several else []
    if run.note:
        body.append(f"<p>{escape(run.note)}</p>")
    if run.tags:
        body.append(f'<p class="quiet">{escape(", ".join(run.tags))}</p>')
    if run.heard and not printed:
        body.append(f"<h3>{escape(tr('How it sounds'))}</h3>")
        body.append('<div class="sounds">')
        for heard in run.heard:
            body.append(
                f"<figure><figcaption>{escape(tr('Step {step}', step=f'{heard.step:,}'))}</figcaption>"
                f"<div class='quiet'>{escape(tr('Original'))}</div><audio controls preload='none' src='{embedded(heard.original)}'></audio>"
                f"<div class='quiet'>{escape(tr('Model'))}</div><audio controls preload='none' src='{embedded(heard.reconstruction)}'></audio></figure>"
            )
        body.append("</div>")
    if run.provenance is not None:
        body += _dataset(run.provenance, printed)
    if run.work:
        body.append(f"<h3>{escape(tr('Work'))}</h3>")
        rows = [
            (
                _when(work.started),
                _duration(work.ended - work.started if work.ended and work.started else None),
                work.state + (f": {work.error}" if work.error else ""),
                work.host,
                ", ".join(f"{key} {value}" for key, value in work.versions.items()),
            )
            for work in run.work
        ]
        body.append(_rows((tr("Begun"), tr("Took"), tr("Ended"), tr("Computer"), tr("Versions")), rows))
    if run.checkpoints:
        body.append(f"<h3>{escape(tr('Checkpoints'))}</h3>")
        rows_ = [
            (c["name"], f"{c['step']:,}" if c["step"] is not None else "", _bytes(c["bytes"]))
            for c in run.checkpoints
        ]
        body.append(_rows((tr("File"), tr("Step"), tr("Size")), rows_))
    if run.config and not printed:
        body.append(
            f"<details><summary>{escape(tr('Configuration, whole (config.gin)'))}</summary><pre>{escape(run.config)}</pre></details>"
        )
    return body


def _dataset(dataset: Provenance, printed: bool) -> list[str]:
    body = [f"<h3>{escape(tr('Dataset {name}', name=dataset.name))}</h3>"]
    if dataset.problem:
        return [*body, f"<p>{escape(dataset.problem)}</p>"]
    facts = dataset.facts
    body.append(
        "<p>"
        + escape(
            tr(
                "{chunks} chunks of {samples} samples, {length}, {rate} Hz, {channels}",
                chunks=f"{facts.get('chunks', 0):,}",
                samples=f"{facts.get('num_signal', 0):,}",
                length=_duration(facts.get("seconds")),
                rate=f"{facts.get('sample_rate', 0):,}",
                channels=trn("{n} channel", "{n} channels", int(facts.get("channels", 0))),
            )
        )
        + "</p>"
    )
    for source, note in dataset.notes.items():
        place = tr("All recordings") if source == "*" else source
        said = tr(
            "{place}: licence {licence}, consent {consent}",
            place=place,
            licence=note.get("licence") or "–",
            consent=note.get("consent") or "–",
        )
        body.append(f"<p>{escape(said)}</p>")
    if dataset.recordings:
        heading = trn("{n} recording", "{n} recordings", len(dataset.recordings))
        if printed or len(dataset.recordings) > RECORDINGS:
            return [*body, f"<p>{escape(heading)}</p>"]
        rows = [(row["name"], _duration(row["seconds"]), row["hash"][:16]) for row in dataset.recordings]
        inside = _rows((tr("Recording"), tr("Length"), tr("Checksum")), rows)
        body.append(f"<details><summary>{escape(heading)}</summary>{inside}</details>")
    return body


def _rows(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    top = "".join(f'<th align="left">{escape(head)}</th>' for head in heads)
    lines = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f'<div class="wide"><table cellpadding="3"><tr>{top}</tr>{lines}</table></div>'


def shown(value: Any) -> str:
    """A value as a person reads it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "–"
    return str(value) or "–"


def _when(seconds: float | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds else "–"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole // 60 % 60:02d} h"


def _bytes(size: int | None) -> str:
    if size is None:
        return ""
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"

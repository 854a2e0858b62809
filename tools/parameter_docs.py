"""Write the references of training and dataset parameters from their declarations.

    python -m tools.parameter_docs [--check]

Writes docs/user/training-parameters.md and dataset-parameters.md; ``--check`` fails when one differs (unit tests do the same).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from rave_gui.cli.parameters import option_name
from rave_gui.datasets import parameters as datasets
from rave_gui.training.parameters import GROUPS, PARAMETERS
from rave_gui.training.schema import Parameter

DOCS = Path(__file__).resolve().parents[1] / "docs" / "user"
TARGET = DOCS / "training-parameters.md"
DATASETS = DOCS / "dataset-parameters.md"


def page() -> str:
    """The page as it should be."""
    lines = [
        "# Every parameter of a training",
        "",
        "One list, from which the window's form, the options of `rave-gui train`, the checks before a start and this page are made",
        "(`src/rave_gui/training/parameters.py`, `python -m tools.parameter_docs`). A default of *RAVE's* is what the chosen",
        "configuration says.",
        "",
    ]
    for group in GROUPS:
        lines += [f"## {group.label}", "", group.help, ""]
        lines += ["| Parameter | Option | Default | Range | What it does |", "|---|---|---|---|---|"]
        for item in PARAMETERS:
            if item.group == group.key:
                cells = [item.label, f"`{option_name(item)}`", _default(item), _range(item), item.help]
                lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        lines.append("")
    return "\n".join(lines)


def dataset_page() -> str:
    """The same for datasets."""
    lines = [
        "# Every parameter of a dataset",
        "",
        "One list, from which the form of the wizard, the options of `rave-gui dataset create` and `preflight` and this page are made",
        "(`src/rave_gui/datasets/parameters.py`, `python -m tools.parameter_docs`).",
        "",
    ]
    for group in datasets.GROUPS:
        lines += [f"## {group.label}", "", group.help, ""] if group.help else [f"## {group.label}", ""]
        lines += [
            "| Parameter | Option | Default | Range | What it does to the sound |",
            "|---|---|---|---|---|",
        ]
        for item in datasets.PARAMETERS:
            if item.group == group.key:
                words = " ".join(
                    f"*{choice.label}* (`{choice.value}`): {choice.help}" for choice in item.choices
                )
                default = "none" if item.default == [] else _value(item, item.default)
                cells = [
                    item.label,
                    f"`{item.option}`",
                    default,
                    "" if words else _range(item),
                    f"{item.help} {words}".strip(),
                ]
                lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        lines.append("")
    return "\n".join(lines)


def _default(item: Parameter) -> str:
    if item.default is None:
        return "*RAVE's*" if item.binding or item.key.startswith("lr_") else "none"
    if item.default in ("", []):
        return "none"
    return _value(item, item.default)


def _range(item: Parameter | datasets.Parameter) -> str:
    if item.choices:
        return ", ".join(f"`{choice.value}`" for choice in item.choices)
    if item.kind == "bool":
        return "on, off"
    low = "" if item.minimum is None else _value(item, item.minimum)
    high = "" if item.maximum is None else _value(item, item.maximum)
    if not low and not high:
        return ""
    return f"{low} to {high}" if high else f"from {low}"


def _value(item: Parameter | datasets.Parameter, value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (list, tuple)):
        return ", ".join(str(part) for part in value)
    if isinstance(value, (int, float)):
        text = f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 else f"{int(value):,}"
        return f"{text} {item.unit}".rstrip()
    return f"`{value}`"


def main() -> int:
    """Write, or compare; 1 when the page is out of date."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        same = TARGET.read_text(encoding="utf-8") == page()
        return 0 if same and DATASETS.read_text(encoding="utf-8") == dataset_page() else 1
    TARGET.write_text(page(), encoding="utf-8")
    DATASETS.write_text(dataset_page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

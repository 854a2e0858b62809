"""Every setting, declared once: key, type, default, range, label, help."""

from __future__ import annotations

import math
from dataclasses import dataclass

Value = str | float | bool
"""What a setting may be."""


@dataclass(frozen=True)
class Setting:
    """One setting. Its type is that of ``default``; ``label`` and ``help`` are for people, in the source language."""

    key: str
    default: Value
    label: str
    help: str
    choices: tuple[str, ...] = ()
    """Allowed texts; empty: any."""
    minimum: float | None = None
    maximum: float | None = None

    def problem(self, value: object) -> str | None:
        """Why ``value`` cannot be taken, as a sentence; None when it can."""
        if isinstance(self.default, bool):
            return None if isinstance(value, bool) else f"{self.label} is either on or off."
        if isinstance(self.default, float):
            if not isinstance(value, (int, float)) or isinstance(value, bool):
                return f"{self.label} is a number."
            low = -math.inf if self.minimum is None else self.minimum
            high = math.inf if self.maximum is None else self.maximum
            # Turned round, so that NaN is refused too.
            return None if low <= value <= high else f"{self.label} lies between {low:g} and {high:g}."
        if not isinstance(value, str):
            return f"{self.label} is a text."
        if self.choices and value not in self.choices:
            return f"{self.label} is one of: {', '.join(self.choices)}."
        return None


SCHEMA: tuple[Setting, ...] = (
    Setting(
        "theme",
        "system",
        "Theme",
        "The colours of the window. System follows the desktop.",
        choices=("system", "light", "dark", "high-contrast"),
    ),
    Setting(
        "text_scale",
        1.0,
        "Text size",
        "All text is made this many times as large.",
        minimum=0.8,
        maximum=2.0,
    ),
    Setting(
        "default_project",
        "",
        "Project to open",
        "The folder of the project that opens when none is asked for. Empty: the last one.",
    ),
    Setting(
        "audio_device",
        "",
        "Sound output",
        "The device that plays sounds. Empty: the one the system uses.",
    ),
    Setting(
        "torch_build",
        "auto",
        "PyTorch build",
        "Which PyTorch the engine is installed with. Auto takes CUDA where there is an NVIDIA driver, and CPU elsewhere.",
        choices=("auto", "cpu", "cuda"),
    ),
    Setting(
        "notify",
        True,
        "Notify when a job ends",
        "Show a notification of the desktop when a job ends while the window is not in front.",
    ),
)

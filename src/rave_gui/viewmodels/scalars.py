"""Which of RAVE's scalars belong together, in which order, and what each means.

Tags as RAVE 2.3.1 writes them to its event files; a tag that is not known here gets a plot of its own at the end.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Panel:
    """One small plot: its key, its curves' tags (a trailing ``*`` stands for anything) and whether a logarithmic axis helps."""

    key: str
    tags: tuple[str, ...]
    better: str = ""
    """``lower`` or ``higher`` where one of them is better, otherwise empty."""


PANELS: tuple[Panel, ...] = (
    Panel("distance", ("multiband_spectral_distance", "fullband_spectral_distance", "distance"), "lower"),
    Panel("validation", ("validation",), "lower"),
    Panel("regularization", ("regularization",)),
    Panel("beta", ("beta_factor",)),
    Panel("fidelity", ("fidelity_*",)),
    Panel("adversarial", ("adversarial",)),
    Panel("feature_matching", ("feature_matching",), "lower"),
    Panel("loss_dis", ("loss_dis",)),
    Panel("pred", ("pred_real", "pred_fake")),
    Panel("learning_rate", ("learning_rate*", "lr*", "lr_*")),
)

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("closeness", ("distance", "validation")),
    ("latents", ("regularization", "beta", "fidelity")),
    ("realism", ("adversarial", "feature_matching", "loss_dis", "pred")),
    ("schedule", ("learning_rate",)),
    ("other", ()),
)
"""Panels that speak of the same thing, in the order shown; unknown ones come under ``other``."""

HIDDEN = frozenset({"epoch"})
"""Written by the trainer, of no use as a curve."""


def panel_of(tag: str) -> Panel | None:
    """The panel a tag is drawn in (a fresh one for an unknown tag), None for tags that are not drawn."""
    if tag in HIDDEN:
        return None
    for panel in PANELS:
        for pattern in panel.tags:
            if tag == pattern or (pattern.endswith("*") and tag.startswith(pattern[:-1])):
                return panel
    return Panel(tag, (tag,))


def order_of(panel: Panel) -> tuple[int, str]:
    """Sort key: known panels in the order above, the others after them by name."""
    for index, known in enumerate(PANELS):
        if known.key == panel.key:
            return index, ""
    return len(PANELS), panel.key


def group_of(panel: Panel) -> str:
    """Key of the group a panel belongs to."""
    return next((key for key, panels in GROUPS if panel.key in panels), "other")

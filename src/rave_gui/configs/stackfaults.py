"""What is known against a stack of stock configurations, in words: bases in the wrong place, add-ons that contradict each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rave_gui.i18n import N_, tr
from rave_protocol import stacks

_WORDS = {
    "empty": (N_("No configuration is chosen."), N_("Choose one: v2 is the usual.")),
    "no-base": (
        N_("{names} only changes another configuration and makes no model by itself."),
        N_("Put a base such as v2 before it."),
    ),
    "needs-v2": (
        N_("{names} changes parts that only v2 and its relatives have."),
        N_("Take v2 as the base, or leave it out."),
    ),
    "order": (
        N_("{names}: the base comes first, or it sets back what was put before it."),
        N_("Put the base at the beginning."),
    ),
    "two-bases": (
        N_("{names} are two bases: the later one replaces most of the earlier."),
        N_("Keep one of them."),
    ),
    "two-encoders": (
        N_("{names} both replace the encoder: only the last one counts."),
        N_("Keep one of them."),
    ),
    "discrete-encoder": (
        N_("{names} contradict each other: both decide what the latents are."),
        N_("Take one of them away."),
    ),
    "two-discriminators": (
        N_("spectral_discriminator has no effect here: the configuration brings a discriminator of its own."),
        N_("Leave it out."),
    ),
    "twice": (N_("{names} is in the list twice."), N_("Keep it once.")),
}
"""Code of a fault of a stack to what is wrong and what to do."""


@dataclass(frozen=True)
class SaidFault:
    """A fault of a stack, in the user's language. ``code`` begins with ``stack-``."""

    code: str
    severity: Literal["error", "warning"]
    message: str
    hint: str
    fixed: tuple[str, ...] = ()
    """A stack without it that keeps what was meant; empty where none is obvious."""


def said(names: Sequence[str]) -> list[SaidFault]:
    """Every fault of a stack of names; a user's own files and unknown names are given the benefit of the doubt."""
    found = []
    for fault in stacks.faults(names):
        message, hint = _WORDS[fault.code]
        found.append(
            SaidFault(
                f"stack-{fault.code}",
                "error" if fault.fatal else "warning",
                tr(message, names=", ".join(fault.names)),
                tr(hint),
                fault.fixed,
            )
        )
    return found

"""What is known of RAVE's stock configurations as parts of a stack: which make a model, which go on top of which.

Both sides read it: the engine for its index, the application for its form. Names that are not here (a fork's, a user's own) are
judged by composing them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

V1_FAMILY = frozenset({"v1", "onnx", "raspberry"})
V2_FAMILY = frozenset(
    {
        "v2", "v2_small", "v3", "discrete", "discrete_v3", "hybrid", "v2_nopqmf", "v2_nopqmf_small", "v2_with_augs",
    }
)  # fmt: skip
"""Bases with EncoderV2 and GeneratorV2."""
BASES = V1_FAMILY | V2_FAMILY
NEEDS_V2 = frozenset({"noise", "wasserstein", "spherical", "adain", "snake", "spectral_discriminator"})
"""Add-ons that set parameters of parts which only the v2 family has: alone they fail, on v1 they fail or do nothing."""
ENCODERS = ("wasserstein", "spherical")
"""Add-ons that replace the encoder's regularisation; only one can be in force."""
DISCRIMINATORS = ("descript_discriminator", "spectral_discriminator")
INCLUDES_BASE = {
    "v2": "v1", "v2_small": "v1", "v2_nopqmf": "v1", "v2_nopqmf_small": "v1", "v2_with_augs": "v1",
    "v3": "v2", "discrete": "v2", "hybrid": "v2", "discrete_v3": "discrete", "onnx": "v1", "raspberry": "onnx",
}  # fmt: skip
"""A base that is put on top of other files sets everything of the one it includes anew."""


SHORTEST_EXAMPLE = {
    "v1": 24576, "onnx": 24576, "raspberry": 24576, "v2": 98304, "v3": 98304, "v2_small": 49152, "hybrid": 65536,
    "discrete": 65536, "discrete_v3": 65536, "v2_nopqmf": 65536, "v2_nopqmf_small": 65536, "v2_with_augs": 131072,
}  # fmt: skip
"""The shortest usual training example, in samples, that each base can take by itself (a contract test measures them anew)."""


@dataclass(frozen=True)
class StackFault:
    """Something wrong with a stack of names. ``code``: no-base, needs-v2, order, two-bases, two-encoders, discrete-encoder,
    two-discriminators, no-effect, twice, empty.
    """

    code: str
    names: tuple[str, ...]
    fixed: tuple[str, ...] = ()
    """A stack without this fault that keeps what was meant, where one is obvious."""
    fatal: bool = True


def plain(name: str) -> str:
    """A stock name without ``.gin``; paths stay as they are."""
    return name.removesuffix(".gin") if "/" not in name and "\\" not in name else name


def faults(stack: Sequence[str]) -> list[StackFault]:
    """What is known against a stack of stock names; paths and unknown names are given the benefit of the doubt."""
    names = [plain(name) for name in stack]
    if not names:
        return [StackFault("empty", (), ("v2",))]
    found: list[StackFault] = []
    unique = tuple(dict.fromkeys(names))
    if len(unique) < len(names):
        again = tuple(name for name in unique if names.count(name) > 1)
        found.append(StackFault("twice", again, unique, fatal=False))
    bases = [name for name in unique if name in BASES]
    strange = [name for name in unique if name not in BASES and name not in ADD_ONS]
    if not bases and not strange:
        found.append(StackFault("no-base", unique, ("v2", *unique)))
    if bases:
        found += _of_bases(unique, bases)
    found += _of_add_ons(unique, bases, bool(strange))
    return found


def _of_bases(names: tuple[str, ...], bases: list[str]) -> list[StackFault]:
    found = []
    late = [name for name in bases if names.index(name) > 0 and name != bases[0]]
    if names[0] not in BASES and names[0] in ADD_ONS:
        ordered = (*bases, *(name for name in names if name not in bases))
        found.append(StackFault("order", (bases[0], names[0]), ordered, fatal=False))
    for name in late:
        if name == "hybrid" and bases[0] == "v2":
            continue  # the way RAVE documents it
        found.append(
            StackFault("two-bases", (bases[0], name), tuple(n for n in names if n != bases[0]), fatal=False)
        )
    return found


def _of_add_ons(names: tuple[str, ...], bases: list[str], strange: bool) -> list[StackFault]:
    found = []
    v2 = strange or any(name in V2_FAMILY for name in bases)
    wanting = tuple(name for name in names if name in NEEDS_V2)
    if wanting and bases and not v2:
        fixed = ("v2", *(name for name in names if name not in BASES))
        silent = {"noise", "spectral_discriminator"}
        found.append(StackFault("needs-v2", wanting, fixed, fatal=not silent.issuperset(wanting)))
    encoders = tuple(name for name in names if name in ENCODERS)
    if len(encoders) > 1:
        found.append(
            StackFault(
                "two-encoders", encoders, tuple(n for n in names if n not in encoders[:-1]), fatal=False
            )
        )
    discrete = tuple(name for name in bases if name in ("discrete", "discrete_v3"))
    if encoders and discrete:
        found.append(
            StackFault(
                "discrete-encoder", (*discrete, *encoders), tuple(n for n in names if n not in encoders)
            )
        )
    critics = tuple(name for name in names if name in DISCRIMINATORS)
    own = "descript_discriminator" in names or any(name in ("v3", "discrete_v3") for name in bases)
    if "spectral_discriminator" in names and own:
        found.append(
            StackFault(
                "two-discriminators",
                critics or ("spectral_discriminator",),
                tuple(n for n in names if n != "spectral_discriminator"),
                fatal=False,
            )
        )
    return found


ADD_ONS = frozenset(
    {"causal", "normalize_ambient", "descript_discriminator", "spectral_discriminator"} | NEEDS_V2
)

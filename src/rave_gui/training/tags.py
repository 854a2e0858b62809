"""The curves RAVE writes, in the order of their weight, with words for people."""

from __future__ import annotations

from rave_gui.i18n import N_, tr

WORDS: dict[str, str] = {
    "validation": N_("Distance on held-out sound"),
    "fullband_spectral_distance": N_("Distance to the original, full band"),
    "multiband_spectral_distance": N_("Distance to the original, multiband"),
    "distance": N_("Distance to the original"),
    "regularization": N_("Regularization"),
    "feature_matching": N_("Feature matching"),
    "adversarial": N_("Adversarial loss"),
    "loss_dis": N_("Discriminator loss"),
    "pred_real": N_("Discriminator's verdict on originals"),
    "pred_fake": N_("Discriminator's verdict on reconstructions"),
    "fidelity_0.8": N_("Latent dimensions for 80 %"),
    "fidelity_0.9": N_("Latent dimensions for 90 %"),
    "fidelity_0.95": N_("Latent dimensions for 95 %"),
    "fidelity_0.99": N_("Latent dimensions for 99 %"),
    "beta_factor": N_("Regularization weight"),
    "learning_rate": N_("Learning rate"),
    "learning_rate_discriminator": N_("Learning rate of the discriminator"),
}
FALLING = frozenset({"validation", "fullband_spectral_distance", "multiband_spectral_distance", "distance"})
"""Curves of which the lowest value is the best one."""
SILENT = frozenset({"epoch"})
"""Written, but of no use as a curve."""
_PLACE = {tag: number for number, tag in enumerate(WORDS)}


def words(tag: str) -> str:
    """What a curve is called; its own name where nobody knows it."""
    known = WORDS.get(tag)
    return tr(known) if known is not None else tag


def weight(tag: str) -> tuple[int, str]:
    """Sort key: what tells most comes first, unknown curves last by name."""
    return _PLACE.get(tag, len(_PLACE)), tag

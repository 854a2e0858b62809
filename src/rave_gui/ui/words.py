"""Names and sentences that several parts of the window share."""

from __future__ import annotations

from datetime import datetime

from rave_gui.ui.i18n import tr, trn
from rave_gui.viewmodels.scalars import Panel


def stage_titles() -> dict[str, str]:
    """Titles of the four stages, in order."""
    return {
        "dataset": tr("Dataset"),
        "training": tr("Training"),
        "reconstruction": tr("Reconstruction"),
        "export": tr("Export"),
    }


def duration(seconds: float) -> str:
    """A length of time in one or two units."""
    total = max(0, round(seconds))
    days, rest = divmod(total, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, secs = divmod(rest, 60)
    if days:
        return tr("{d} d {h} h", d=days, h=hours)
    if hours:
        return tr("{h} h {m} min", h=hours, m=minutes)
    if minutes:
        return tr("{m} min {s} s", m=minutes, s=secs) if minutes < 10 else tr("{m} min", m=minutes)
    return tr("{s} s", s=secs)


def clock(seconds: float) -> str:
    """A position in a sound: 0:07.3."""
    minutes, rest = divmod(max(0.0, seconds), 60)
    return f"{int(minutes)}:{rest:04.1f}"


def size(count: float) -> str:
    """Bytes in decimal units, as disks are sold."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit in ("B", "kB") else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def job_state(state: str) -> str:
    """A job's state in a word."""
    return {
        "queued": tr("Waiting"),
        "starting": tr("Starting"),
        "running": tr("Running"),
        "paused": tr("Paused"),
        "stopping": tr("Stopping"),
        "succeeded": tr("Done"),
        "failed": tr("Failed"),
        "cancelled": tr("Cancelled"),
        "interrupted": tr("Interrupted"),
    }.get(state, state)


def job_kind(kind: str) -> str:
    """What a job does in a word."""
    return {
        "dataset": tr("Dataset"),
        "dataset-append": tr("More recordings"),
        "dataset-stats": tr("Statistics"),
        "dataset-index": tr("Sound map"),
        "dataset-check": tr("Check"),
        "dataset-repair": tr("Repair"),
        "dataset-clean": tr("Clean copy"),
        "dataset-clone": tr("Copy"),
        "dataset-archive": tr("Dataset archive"),
        "dataset-restore": tr("Dataset from an archive"),
        "dataset-extract": tr("Sound files"),
        "train": tr("Training"),
        "trial": tr("Trial"),
        "render": tr("Rendering"),
        "evaluate": tr("Reconstruction"),
        "export": tr("Export"),
        "verify": tr("Verification"),
        "engine-install": tr("Engine set-up"),
        "project-export": tr("Project archive"),
        "project-import": tr("Project from an archive"),
    }.get(kind, kind)


def item_kind(kind: str) -> str:
    """A thing of a project in a word."""
    return {
        "dataset": tr("Dataset"),
        "run": tr("Training"),
        "export": tr("Exported model"),
        "take": tr("Take"),
        "project": tr("Project"),
    }.get(kind, kind)


def state_tone(state: str) -> str:
    """The colour role of a job's state."""
    return {"succeeded": "success", "failed": "danger", "interrupted": "warning", "paused": "warning"}.get(
        state, "accent" if state in ("running", "starting", "stopping") else ""
    )


def panel_title(panel: Panel) -> str:
    """The title of a small plot; an unknown tag is its own title."""
    return {
        "distance": tr("Distance to the original"),
        "validation": tr("Distance on held-out sound"),
        "regularization": tr("Regularization"),
        "beta": tr("Regularization weight"),
        "fidelity": tr("Latent dimensions needed"),
        "adversarial": tr("Adversarial loss"),
        "feature_matching": tr("Feature matching"),
        "loss_dis": tr("Discriminator loss"),
        "pred": tr("Discriminator's verdict"),
        "learning_rate": tr("Learning rate"),
    }.get(panel.key, panel.key)


def group_title(key: str) -> str:
    """Heading over the plots of one group."""
    return {
        "closeness": tr("How close it is"),
        "latents": tr("Its latents"),
        "realism": tr("How real it sounds (phase 2)"),
        "schedule": tr("How it learns"),
        "other": tr("Other values"),
    }.get(key, key)


def group_note(key: str) -> str:
    """What the plots of one group tell, in a sentence."""
    return {
        "closeness": tr("The lower, the closer the model is to your sounds."),
        "latents": tr("How tidy the space is that you will play, and how many of its dimensions matter."),
        "realism": tr(
            "Model and critic train against each other: both should keep moving, neither should win."
        ),
        "schedule": tr("Set by the configuration; dashed is what is planned."),
        "other": tr("Everything else that this training writes."),
    }.get(key, "")


def panel_note(panel: Panel) -> str:
    """What a small plot shows, for its tooltip and for screen readers."""
    return {
        "distance": tr(
            "Spectral distance between each training example and its reconstruction. Lower is closer. "
            "A jump up at the start of phase 2 is normal."
        ),
        "validation": tr("The same distance on sound that is kept out of the training. Lower is closer."),
        "regularization": tr("How far the latent code is from the distribution it is drawn towards."),
        "beta": tr("How strongly the regularization counts; it grows while training warms up."),
        "fidelity": tr("How many latent dimensions keep this share of the information."),
        "adversarial": tr("How well the generator deceives the discriminator (phase 2)."),
        "feature_matching": tr("How alike original and reconstruction look to the discriminator (phase 2)."),
        "loss_dis": tr("The discriminator's own loss (phase 2)."),
        "pred": tr("What the discriminator says of originals and of reconstructions (phase 2)."),
        "learning_rate": tr("Size of the training's steps."),
    }.get(panel.key, tr("A value that RAVE writes under the name {name}.", name=panel.key))


def curve_name(tag: str) -> str:
    """A curve's name within a plot of several."""
    known = {
        "multiband_spectral_distance": tr("multiband"),
        "fullband_spectral_distance": tr("full band"),
        "pred_real": tr("original"),
        "pred_fake": tr("reconstruction"),
        "learning_rate": tr("generator"),
        "learning_rate_discriminator": tr("discriminator"),
    }
    if tag.startswith("fidelity_"):
        return f"{float(tag.removeprefix('fidelity_')) * 100:.0f} %" if _number(tag[9:]) else tag
    return known.get(tag, tag)


def _number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def steps(count: float) -> str:
    """A number of training steps."""
    return trn("{n} step", "{n} steps", int(count))


def soon(seconds: float) -> str:
    """A time to come, short."""
    then, now = datetime.fromtimestamp(seconds).astimezone(), datetime.now().astimezone()
    return then.strftime("%H:%M" if (then - now).total_seconds() < 20 * 3600 else "%Y-%m-%d %H:%M")

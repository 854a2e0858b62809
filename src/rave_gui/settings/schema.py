"""Every setting, declared once: key, type, default, range, label, help."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rave_gui.i18n import N_, languages, tr

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
    section: str = ""
    """Heading it stands under, in the source language."""
    restart: bool = False
    """Whether it takes effect only when the program starts again."""
    kind: str = ""
    """``folder`` for a path; empty: as the type says."""
    names: tuple[str, ...] = ()
    """What the choices are called, in the source language; empty: as they are."""

    def problem(self, value: object) -> str | None:
        """Why ``value`` cannot be taken, as a sentence; None when it can."""
        if isinstance(self.default, bool):
            return None if isinstance(value, bool) else tr("{name} is either on or off.", name=tr(self.label))
        if isinstance(self.default, float):
            if not isinstance(value, (int, float)) or isinstance(value, bool):
                return tr("{name} is a number.", name=tr(self.label))
            low = -math.inf if self.minimum is None else self.minimum
            high = math.inf if self.maximum is None else self.maximum
            # Turned round, so that NaN is refused too.
            return (
                None
                if low <= value <= high
                else tr(
                    "{name} lies between {low} and {high}.",
                    name=tr(self.label),
                    low=f"{low:g}",
                    high=f"{high:g}",
                )
            )
        if not isinstance(value, str):
            return tr("{name} is a text.", name=tr(self.label))
        if self.choices and value not in self.choices:
            return tr("{name} is one of: {choices}.", name=tr(self.label), choices=", ".join(self.choices))
        return None


LOOK, PROJECTS, SOUND, JOBS, ENGINE = N_("Look"), N_("Projects"), N_("Sound"), N_("Jobs"), N_("Engine")
NOTIFICATIONS = N_("Notifications")

SCHEMA: tuple[Setting, ...] = (
    Setting(
        "theme",
        "system",
        N_("Theme"),
        N_("The colours of the window. “System” follows the desktop."),
        choices=("system", "light", "dark", "high-contrast"),
        names=(N_("System"), N_("Light"), N_("Dark"), N_("High contrast")),
        section=LOOK,
    ),
    Setting(
        "text_scale",
        1.0,
        N_("Text size"),
        N_("All text is made this many times as large."),
        minimum=0.8,
        maximum=2.0,
        section=LOOK,
    ),
    Setting(
        "sidebar",
        "auto",
        N_("Navigation"),
        N_("With words, with icons only, or with words where the window is wide enough."),
        choices=("auto", "wide", "narrow"),
        names=(N_("By the window's width"), N_("With words"), N_("Icons only")),
        section=LOOK,
    ),
    Setting(
        "reduce_motion",
        False,
        N_("Less motion"),
        N_("Nothing slides or fades; what changes is there at once."),
        section=LOOK,
    ),
    Setting(
        "language",
        "system",
        N_("Language"),
        N_("The language of the window and of messages."),
        choices=("system", *languages()),
        section=LOOK,
        restart=True,
    ),
    Setting(
        "default_project",
        "",
        N_("Project to open"),
        N_("The project that opens when none is asked for. Empty: the last one."),
        section=PROJECTS,
        kind="folder",
    ),
    Setting(
        "projects_folder",
        "",
        N_("Folder for new projects"),
        N_("Where a new project is suggested. Empty: RAVE Projects in your home folder."),
        section=PROJECTS,
        kind="folder",
    ),
    Setting(
        "audio_device",
        "",
        N_("Sound output"),
        N_("The device that plays sounds. Empty: the one the system uses."),
        section=SOUND,
    ),
    Setting(
        "confirm_cancel",
        True,
        N_("Ask before a job is cancelled"),
        N_("Says first what is lost."),
        section=JOBS,
    ),
    Setting(
        "go_on_at_login",
        True,
        N_("Go on after a restart of the computer"),
        N_(
            "While trainings run or wait, RAVE GUI stands among the programs that start at login, without a window, so that a restart "
            "does not hold them up. With no training it stands there no longer."
        ),
        section=JOBS,
    ),
    Setting(
        "notify",
        True,
        N_("Notify when a job ends"),
        N_(
            "Show a notification of the desktop when a long job ends, or a training needs attention, while the window is not in front."
        ),
        section=JOBS,
    ),
    Setting(
        "notify_seconds",
        30.0,
        N_("Long jobs take at least"),
        N_("Seconds a job must have taken for its end to be told."),
        minimum=0.0,
        maximum=86400.0,
        section=JOBS,
    ),
    Setting(
        "notify_about",
        "all",
        N_("Tell me by webhook or e-mail"),
        N_(
            "About trainings, also while no window is open. Problems: alerts of a running training, and trainings that failed."
        ),
        choices=("all", "problems"),
        names=(N_("Ends and problems"), N_("Problems only")),
        section=NOTIFICATIONS,
    ),
    Setting(
        "notify_webhook",
        "",
        N_("Webhook"),
        N_(
            "An address (https://…) that gets a JSON message; Slack, Discord and Mattermost give you one. Whoever knows it can write "
            "to you: better keep it as a secret, below (then “keyring” stands here). Empty: none."
        ),
        section=NOTIFICATIONS,
    ),
    Setting(
        "notify_email",
        "",
        N_("E-mail to"),
        N_("One or more addresses with commas between them. Empty: no e-mail."),
        section=NOTIFICATIONS,
    ),
    Setting(
        "notify_smtp_host",
        "",
        N_("Mail server"),
        N_("Name of your provider's outgoing server (SMTP)."),
        section=NOTIFICATIONS,
    ),
    Setting(
        "notify_smtp_port",
        587.0,
        N_("Mail server's port"),
        N_("587 for STARTTLS, 465 for TLS."),
        minimum=1.0,
        maximum=65535.0,
        section=NOTIFICATIONS,
    ),
    Setting(
        "notify_smtp_security",
        "starttls",
        N_("Mail server's encryption"),
        N_("A password is never sent without, except to this computer."),
        choices=("starttls", "tls", "none"),
        names=(N_("STARTTLS"), N_("TLS"), N_("None")),
        section=NOTIFICATIONS,
    ),
    Setting(
        "notify_smtp_user",
        "",
        N_("Mail server's user"),
        N_("Empty: the server asks for none."),
        section=NOTIFICATIONS,
    ),
    Setting(
        "notify_from",
        "",
        N_("E-mail from"),
        N_("Sender of the e-mails. Empty: the user, or the first address."),
        section=NOTIFICATIONS,
    ),
    Setting(
        "torch_build",
        "auto",
        N_("PyTorch build"),
        N_(
            "Which PyTorch the engine is installed with. Auto takes CUDA where there is an NVIDIA driver, and CPU elsewhere."
        ),
        choices=("auto", "cpu", "cuda"),
        names=(N_("Chosen by itself"), N_("Processor (CPU)"), N_("NVIDIA graphics card (CUDA)")),
        section=ENGINE,
    ),
)

"""What can be done everywhere in the window, as actions."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.actions import Action
from rave_gui.ui.shell.page import PAGES
from rave_gui.ui.theme.manager import CHOICES
from rave_gui.ui.theme.tokens import SCALES

if TYPE_CHECKING:
    from rave_gui.ui.app import App


def window_actions(app: App) -> Iterator[Action]:
    """Every action that belongs to no page."""
    yield from _pages(app)
    yield from _window(app)
    yield from _look(app)
    yield from _help(app)


def page_keys() -> dict[str, str]:
    """Shortcut of each page in the navigation."""
    shown = [spec for spec in PAGES if spec.in_rail]
    return {spec.key: f"Ctrl+{i}" for i, spec in enumerate(shown, start=1)}


def theme_names() -> dict[str, str]:
    """Themes by the word the user knows."""
    return {
        "system": tr("Theme of the system"),
        "light": tr("Light theme"),
        "dark": tr("Dark theme"),
        "high-contrast": tr("High contrast theme"),
    }


def _pages(app: App) -> Iterator[Action]:
    keys = page_keys()
    for spec in PAGES:
        yield Action(
            f"go.{spec.key}",
            tr(spec.title),
            functools.partial(app.show_page, spec.key),
            icon=spec.icon,
            shortcut=keys.get(spec.key, ""),
            group=tr("Go to"),
        )


def _window(app: App) -> Iterator[Action]:
    group, undo = tr("Window"), app.session.undo
    yield Action(
        "window.palette",
        tr("Search everything…"),
        app.show_palette,
        icon="search",
        shortcut="Ctrl+K",
        group=group,
        tip=tr("Find anything that can be done, or a thing by its name"),
        hidden=True,
    )
    yield Action(
        "edit.undo",
        tr("Undo"),
        undo.undo,
        icon="undo-2",
        shortcut="Ctrl+Z",
        group=tr("Edit"),
        enabled=lambda: undo.next_undo is not None,
        words=lambda: tr("Undo: {what}", what=undo.next_undo.text) if undo.next_undo else tr("Undo"),
    )
    yield Action(
        "edit.redo",
        tr("Redo"),
        undo.redo,
        icon="redo-2",
        shortcut="Ctrl+Shift+Z",
        more=("Ctrl+Y",),
        group=tr("Edit"),
        enabled=lambda: undo.next_redo is not None,
        words=lambda: tr("Redo: {what}", what=undo.next_redo.text) if undo.next_redo else tr("Redo"),
    )
    yield Action(
        "window.settings", tr("Settings…"), app.show_settings, icon="settings", shortcut="Ctrl+,", group=group
    )
    yield Action(
        "window.sidebar",
        tr("Words in the navigation"),
        app.toggle_sidebar,
        icon="panel-left",
        shortcut="F9",
        group=group,
        tip=tr("Shows the navigation with words, or with icons only"),
        checked=lambda: app.window.sidebar.wide,
    )
    yield Action(
        "window.messages",
        tr("Messages"),
        app.show_messages,
        icon="bell",
        shortcut="F8",
        group=group,
        tip=tr("What the window has said, and which jobs have ended"),
    )
    yield Action(
        "window.switch",
        tr("Switch project…"),
        app.show_switcher,
        icon="folder-open",
        shortcut="F4",
        group=tr("Project"),
    )
    yield Action(
        "window.quit",
        tr("Close the window"),
        app.window.close,
        icon="x",
        shortcut="Ctrl+Q",
        group=group,
        tip=tr("Jobs go on"),
    )


def _look(app: App) -> Iterator[Action]:
    group, themes = tr("Look"), app.themes
    names = theme_names()
    for choice in CHOICES:
        yield Action(
            f"look.theme.{choice}",
            names[choice],
            functools.partial(app.keep, "theme", choice),
            icon={"light": "sun", "dark": "moon", "system": "monitor"}.get(choice, "contrast"),
            group=group,
            checked=lambda choice=choice: themes.choice == choice,  # type: ignore[misc]
        )
    yield Action(
        "look.next",
        tr("Next theme"),
        lambda: app.keep("theme", CHOICES[(CHOICES.index(themes.choice) + 1) % len(CHOICES)]),
        icon="contrast",
        shortcut="Ctrl+Shift+L",
        group=group,
    )
    yield Action(
        "look.larger",
        tr("Larger text"),
        functools.partial(step_text, app, 1),
        icon="zoom-in",
        shortcut="Ctrl++",
        more=("Ctrl+=",),
        group=group,
        enabled=lambda: themes.scale < SCALES[-1],
    )
    yield Action(
        "look.smaller",
        tr("Smaller text"),
        functools.partial(step_text, app, -1),
        icon="zoom-out",
        shortcut="Ctrl+-",
        group=group,
        enabled=lambda: themes.scale > SCALES[0],
    )
    for scale in SCALES:
        yield Action(
            f"look.text.{scale}",
            tr("Text size {n} %", n=scale),
            functools.partial(app.keep, "text_scale", scale / 100),
            icon="type",
            group=group,
            checked=lambda scale=scale: themes.scale == scale,  # type: ignore[misc]
        )


def step_text(app: App, direction: int) -> None:
    """The next larger or smaller of the usual text sizes."""
    near = min(range(len(SCALES)), key=lambda i: abs(SCALES[i] - app.themes.scale))
    wanted = SCALES[min(max(near + direction, 0), len(SCALES) - 1)]
    app.keep("text_scale", wanted / 100)


def _help(app: App) -> Iterator[Action]:
    group, engine = tr("Help"), app.session.engine
    yield Action(
        "help.keys", tr("Keyboard shortcuts"), app.show_shortcuts, icon="keyboard", shortcut="F1", group=group
    )
    yield Action(
        "help.doctor",
        tr("Check this computer…"),
        app.show_doctor,
        icon="circle-check",
        group=group,
        tip=tr("Looks at engine, disk, sound and versions, and says what to do"),
    )
    yield Action(
        "help.report",
        tr("Report a problem…"),
        app.show_report,
        icon="bug",
        group=group,
        tip=tr("Versions and the newest job's log, to be copied"),
    )
    yield Action("help.about", tr("About RAVE GUI"), app.show_about, icon="info", group=group)
    yield Action(
        "engine.install",
        tr("Set up the engine"),
        app.install_engine,
        icon="download",
        group=tr("Engine"),
        tip=tr("Downloads RAVE and PyTorch into a place of their own"),
        enabled=lambda: engine.known and not engine.ready and not engine.installing,
    )
    yield Action(
        "engine.cancel",
        tr("Stop setting up the engine"),
        app.cancel_engine,
        icon="x",
        group=tr("Engine"),
        enabled=lambda: engine.installing,
    )

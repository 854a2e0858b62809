"""Menus made from actions: look, help, the project's, and on a Mac the menu bar."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow, QMenu, QMenuBar, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.actions import ActionRegistry
from rave_gui.ui.shell.sidebar import below
from rave_gui.ui.theme.manager import CHOICES
from rave_gui.ui.theme.tokens import SCALES

if TYPE_CHECKING:
    from rave_gui.projects.model import ProjectInfo
    from rave_gui.ui.shell.session import Session

RECENT = 8
"""Projects in the menu; Home lists them all."""
HELP = ("help.keys", "help.doctor", "help.report", "", "go.gallery", "help.about")


def look_menu(registry: ActionRegistry, parent: QWidget) -> QMenu:
    """Themes and text sizes."""
    keys = [*(f"look.theme.{name}" for name in CHOICES), "", *(f"look.text.{scale}" for scale in SCALES)]
    return fill(QMenu(tr("Look"), parent), registry, keys)


def help_menu(registry: ActionRegistry, parent: QWidget) -> QMenu:
    """Keys, checks, about."""
    return fill(QMenu(tr("Help"), parent), registry, HELP)


def fill(menu: QMenu, registry: ActionRegistry, keys: Sequence[str]) -> QMenu:
    """Put actions into a menu; an empty key is a line between them."""
    menu.setAccessibleName(menu.title())
    for key in keys:
        if key:
            menu.addAction(registry.qt(key))
        else:
            menu.addSeparator()
    return menu


def project_menu(session: Session, button: QWidget, recent: Sequence[ProjectInfo] = ()) -> QMenu:
    """Projects opened lately, and what can be done with projects, below ``button``."""
    menu = QMenu(button)
    menu.setAccessibleName(tr("Projects"))
    menu.setToolTipsVisible(True)
    here = session.project.path if session.project is not None else None
    for info in recent[:RECENT]:
        name = tr("{name} (not there)", name=info.name) if info.missing else info.name
        action = menu.addAction(name.replace("&", "&&"))
        action.setToolTip(str(info.path))
        action.setCheckable(True)
        action.setChecked(info.path == here)
        action.triggered.connect(lambda _checked=False, info=info: _open(session, info))
    menu.addSeparator()
    for action_here in session.actions.all():
        if action_here.key.startswith("project."):
            menu.addAction(session.actions.qt(action_here.key))
    menu.aboutToHide.connect(menu.deleteLater)
    menu.popup(QPoint(*below(button)))
    return menu


def _open(session: Session, info: ProjectInfo) -> None:
    from rave_gui.ui.shell.projects import forget_missing

    if info.missing:
        forget_missing(session, info, lambda: None)
    else:
        session.use_project(info.path)


def menu_bar(
    window: QMainWindow, registry: ActionRegistry, native: bool = sys.platform == "darwin"
) -> QMenuBar | None:
    """The menu bar of a Mac: every action, by group. Elsewhere navigation and palette take its place (None)."""
    if not native:
        return None
    bar = QMenuBar(window)
    roles = {
        "help.about": QAction.MenuRole.AboutRole,
        "window.settings": QAction.MenuRole.PreferencesRole,
        "window.quit": QAction.MenuRole.QuitRole,
    }

    def make() -> None:
        bar.clear()
        menus: dict[str, QMenu] = {}
        for action in registry.all():
            if action.hidden or not action.group:
                continue
            if action.group not in menus:
                menus[action.group] = bar.addMenu(action.group)
            made = registry.qt(action.key)
            made.setMenuRole(roles.get(action.key, QAction.MenuRole.NoRole))
            menus[action.group].addAction(made)

    make()
    registry.changed.connect(make)
    window.setMenuBar(bar)
    return bar

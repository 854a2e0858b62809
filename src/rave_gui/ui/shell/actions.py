"""Actions: everything a user can do has one, and menu, button, shortcut, palette and shortcuts sheet are made from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Button


def _always() -> bool:
    return True


@dataclass(frozen=True, eq=False)
class Action:
    """Something a user can do. ``text`` and ``tip`` are translated already."""

    key: str
    """Unique name, ``page.verb``: ``datasets.new``."""
    text: str
    run: Callable[[], object]
    icon: str = ""
    shortcut: str = ""
    """Portable text (``Ctrl+N``); on macOS Ctrl means Command."""
    page: str = ""
    """Key of the page it belongs to: its shortcut works while that page is shown, and the palette goes there first. Empty: everywhere."""
    group: str = ""
    """Heading in palette and shortcuts sheet."""
    tip: str = ""
    enabled: Callable[[], bool] = _always
    """Asked whenever the registry is refreshed."""
    danger: bool = False
    hidden: bool = False
    """Left out of the palette (it acts on what is focused, say)."""
    words: Callable[[], str] | None = None
    """What it is called now, where that changes (Undo says what it undoes)."""

    checked: Callable[[], bool] | None = None
    """Whether a choice is the one in use; None: this is no choice."""
    more: tuple[str, ...] = ()
    """Further shortcuts that do the same."""

    @property
    def label(self) -> str:
        """What it is called now."""
        return self.words() if self.words is not None else self.text


def native_keys(keys: str) -> str:
    """A shortcut as this system writes it: ``Ctrl+K``, on a Mac ⌘K."""
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)


def _has_modifier(keys: str) -> bool:
    return keys.startswith(("Ctrl+", "Alt+", "Meta+")) or (keys.startswith("F") and keys[1:].isdigit())


class ActionRegistry(QObject):
    """All actions of a window. ``changed``: some came or went; ``refreshed``: what is enabled may differ."""

    changed = Signal()
    refreshed = Signal()
    triggered = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._actions: dict[str, Action] = {}
        self._made: dict[str, QAction] = {}
        self.go_to: Callable[[str], object] = lambda _page: None
        """Shows a page, by its key."""

    def add(self, actions: Iterable[Action], owner: QWidget) -> None:
        """Register actions; their shortcuts work while the focus is in ``owner`` (a page, or the window).

        Raises ValueError for a key that is taken: two actions under one name would hide each other.
        """
        for action in actions:
            if action.key in self._actions:
                raise ValueError(f"there is an action {action.key!r} already")
            self._actions[action.key] = action
            made = QAction(action.text, owner)
            if action.shortcut:
                made.setShortcuts([QKeySequence(keys) for keys in (action.shortcut, *action.more)])
            made.setCheckable(action.checked is not None)
            # A page that is not shown takes no shortcuts. Bare keys (Space, A) belong to whatever has the focus elsewhere.
            bare = action.page and action.shortcut and not _has_modifier(action.shortcut)
            context = Qt.ShortcutContext
            made.setShortcutContext(context.WidgetWithChildrenShortcut if bare else context.WindowShortcut)
            made.triggered.connect(lambda _checked=False, key=action.key: self.trigger(key))
            owner.addAction(made)
            self._made[action.key] = made
        self.changed.emit()
        self.refresh()

    def get(self, key: str) -> Action:
        """An action by its key. Raises KeyError."""
        return self._actions[key]

    def qt(self, key: str) -> QAction:
        """The action as Qt has it, for menus."""
        return self._made[key]

    def all(self) -> list[Action]:
        """Every action, in order of registration."""
        return list(self._actions.values())

    def is_enabled(self, key: str) -> bool:
        """Whether it can be done now."""
        action = self._actions.get(key)
        return action is not None and action.enabled()

    def trigger(self, key: str) -> bool:
        """Do it, on its page; False when it cannot be done now."""
        action = self._actions[key]
        if not action.enabled():
            self.refresh()
            return False
        if action.page:
            self.go_to(action.page)
        action.run()
        if action.checked is not None:
            self.refresh()
        self.triggered.emit(key)
        return True

    def refresh(self) -> None:
        """Ask every action whether it can be done now (after a selection or a state has changed)."""
        for key, made in self._made.items():
            action = self._actions[key]
            made.setEnabled(action.enabled())
            if action.checked is not None:
                made.setChecked(action.checked())
            if action.words is not None:
                made.setText(action.label)
        self.refreshed.emit()


class ActionButton(Button):
    """A button that is an action: its words, icon, tooltip with shortcut; enabled when the action is."""

    def __init__(
        self, themes: ThemeManager, registry: ActionRegistry, key: str, variant: str = "", text: str = ""
    ) -> None:
        action = registry.get(key)
        super().__init__(
            themes, text or action.text, action.icon, variant or ("danger" if action.danger else "")
        )
        self._registry, self._key, self._hides = registry, key, False
        self._words = self.text()
        keys = native_keys(action.shortcut)
        tip = action.tip or action.text
        self.setToolTip(f"{tip} ({keys})" if keys else tip)
        self.setAccessibleDescription(action.tip)
        self.clicked.connect(lambda _checked=False: registry.trigger(key))
        registry.refreshed.connect(self._follow)
        self._follow()

    @property
    def key(self) -> str:
        """Key of its action."""
        return self._key

    def hide_when_idle(self) -> None:
        """Take no room while the action cannot be done."""
        self._hides = True
        self._follow()

    def set_compact(self, compact: bool) -> None:
        """Only the icon, where there is no room for words; name and tooltip stay."""
        text = "" if compact and self.icon().isNull() is False else self._words
        if text != self.text():
            name = self.accessibleName()
            self.setText(text)
            self.setAccessibleName(name)
            self.setProperty("compact", not text)

    def words_width(self) -> int:
        """Width with words."""
        now = self.text()
        if now:
            return self.sizeHint().width()
        return self.sizeHint().width() + self.fontMetrics().horizontalAdvance(self._words)

    def _follow(self) -> None:
        on = self._registry.is_enabled(self._key)
        self.setEnabled(on)
        if self._hides and on == self.isHidden():
            self.setVisible(on) if self.parentWidget() is not None else None

"""Syntax colours of gin files."""

from __future__ import annotations

from PySide6.QtCore import QRegularExpression
from PySide6.QtGui import QColor, QFont, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from rave_gui.ui.theme.manager import ThemeManager

RULES: tuple[tuple[str, str, bool], ...] = (
    (r"^\s*[A-Za-z_][\w./]*(?=\s*=)", "series4", True),
    (r"^\s*[A-Za-z_][\w./@()]*\s*:\s*$", "series3", True),
    (r"\b(import|from|include|as)\b", "series0", True),
    (r"(?<![\w.])-?(\d+\.?\d*([eE][-+]?\d+)?|\.\d+)\b", "series1", False),
    (r"\b(True|False|None)\b", "series1", False),
    (r"%[A-Za-z_][\w./]*", "series5", False),
    (r"^\s*[A-Z][A-Z0-9_]*(?=\s*=)", "series5", True),
    (r"@[A-Za-z_][\w./]*(\(\))?", "series3", False),
    (r"'[^']*'|\"[^\"]*\"", "series2", False),
    (r"#.*$", "muted", False),
)
"""Pattern, colour (of the theme's curves, or a role), whether it is heavier; later ones win."""


class GinHighlighter(QSyntaxHighlighter):
    """Colours follow the theme."""

    def __init__(self, themes: ThemeManager, document: QTextDocument) -> None:
        super().__init__(document)
        self._themes = themes
        self._rules: list[tuple[QRegularExpression, QTextCharFormat]] = []
        themes.changed.connect(self._retheme)
        self._retheme()

    def highlightBlock(self, text: str) -> None:  # noqa: N802 - Qt's name
        """Colour one line."""
        for pattern, look in self._rules:
            found = pattern.globalMatch(text)
            while found.hasNext():
                match = found.next()
                self.setFormat(match.capturedStart(), match.capturedLength(), look)

    def _retheme(self) -> None:
        colors = self._themes.theme.colors
        self._rules = []
        for pattern, color, heavy in RULES:
            look = QTextCharFormat()
            name = colors.series[int(color[6:])] if color.startswith("series") else getattr(colors, color)
            look.setForeground(QColor(name))
            if heavy:
                look.setFontWeight(QFont.Weight.DemiBold)
            self._rules.append((QRegularExpression(pattern), look))
        self.rehighlight()

"""From tokens to Qt: palette and style sheet (Fusion underneath)."""

from __future__ import annotations

from string import Template

from PySide6.QtGui import QColor, QPalette

from rave_gui.ui.theme.frame_style import FRAME
from rave_gui.ui.theme.tokens import FAMILY, RADIUS, Theme

Role = QPalette.ColorRole


def palette(theme: Theme) -> QPalette:
    """The palette of a theme, with disabled colours; what Fusion paints by itself follows it."""
    c = theme.colors
    made = QPalette()
    for role, color in {
        Role.Window: c.window,
        Role.WindowText: c.text,
        Role.Base: c.surface,
        Role.AlternateBase: c.sunken,
        Role.Text: c.text,
        Role.Button: c.surface,
        Role.ButtonText: c.text,
        Role.BrightText: c.danger,
        Role.Highlight: c.fill,
        Role.HighlightedText: c.on_fill,
        Role.Accent: c.fill,
        Role.Link: c.accent,
        Role.LinkVisited: c.accent,
        Role.ToolTipBase: c.text,
        Role.ToolTipText: c.window,
        Role.PlaceholderText: c.muted,
        Role.Light: c.hover,
        Role.Midlight: c.hover,
        Role.Mid: c.border,
        Role.Dark: c.control,
        Role.Shadow: c.border,
    }.items():
        made.setColor(role, QColor(color))
    for role in (Role.WindowText, Role.Text, Role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(c.disabled))
    return made


_SHEET = Template(
    """
* { font-family: "$family"; font-size: ${body}px; }
QWidget { color: $text; }
QMainWindow, QDialog, #page { background: $window; }
QScrollArea, QScrollArea > QWidget > QWidget { background: transparent; border: none; }
QToolTip { background: $text; color: $window; border: none; padding: ${s2}px ${s3}px; }

QLabel[role="title"] { font-size: ${title}px; font-weight: 600; }
QLabel[role="lead"] { font-size: ${lead}px; font-weight: 600; }
QLabel[role="strong"] { font-weight: 600; }
QLabel[role="figure"] { font-size: ${figure}px; font-weight: 600; }
QLabel[role="muted"] { color: $muted; }
QLabel[role="caption"] { color: $muted; font-size: ${caption}px; }
QLabel[tone="success"] { color: $success; }
QLabel[tone="warning"] { color: $warning; }
QLabel[tone="danger"] { color: $danger; }
QLabel[tone="accent"] { color: $accent; }

#card { background: $surface; border: 1px solid $border; border-radius: ${rl}px; }
#well { background: $sunken; border: 1px solid $border; border-radius: ${rm}px; }
#banner { background: $soft; border: 1px solid $banner_line; border-radius: ${rl}px; }
#banner[tone="danger"] { background: $danger_soft; border-color: $danger; }
#banner[tone="warning"] { background: $warning_soft; border-color: $warning; }
#banner[tone="success"] { background: $success_soft; border-color: $success; }
#footer { background: $surface; border: none; border-top: 1px solid $border; }
#rule { background: $border; border: none; max-height: 1px; min-height: 1px; }

QPushButton, QToolButton {
  background: $surface; color: $text; border: 1px solid $control; border-radius: ${rm}px;
  min-height: ${h}px; padding: 0 ${s4}px; font-weight: 500;
}
QPushButton:hover, QToolButton:hover { background: $hover; }
QPushButton:pressed, QToolButton:pressed { background: $pressed; }
QPushButton:focus, QToolButton:focus { outline: none; border: 2px solid $focus; padding: 0 ${s4f}px; min-height: ${hf}px; }
QPushButton:disabled, QToolButton:disabled { color: $disabled; border-color: $border; background: transparent; }
QPushButton[variant="primary"] { background: $fill; color: $on_fill; border-color: $fill; font-weight: 600; }
QPushButton[variant="primary"]:hover { background: $fill_hover; }
QPushButton[variant="primary"]:pressed { background: $fill_hover; }
QPushButton[variant="primary"]:focus { border: 2px solid $focus_on_fill; }
QPushButton[variant="primary"]:disabled { background: $hover; color: $disabled; border-color: $border; }
QPushButton[variant="danger"] { color: $danger; }
QPushButton[variant="danger"]:disabled { color: $disabled; }
QPushButton[variant="quiet"], QToolButton[variant="quiet"] { background: transparent; border: 1px solid transparent; padding: 0 ${s3}px; }
QPushButton[variant="quiet"]:hover, QToolButton[variant="quiet"]:hover { background: $hover; border-color: $quiet_hover; }
QPushButton[variant="quiet"]:focus, QToolButton[variant="quiet"]:focus { border: 2px solid $focus; padding: 0 ${s3f}px; }
QPushButton[compact="true"], QPushButton[compact="true"]:focus { padding: 0 ${s2}px; }
QPushButton[variant="quiet"]:checked, QToolButton[variant="quiet"]:checked { background: $soft; border-color: $segment_line; color: $on_soft; }
QPushButton[variant="quiet"]:checked:focus, QToolButton[variant="quiet"]:checked:focus { border-color: $focus; }
QToolButton[shape="icon"] { padding: 0; min-width: ${h}px; max-width: ${h}px; min-height: ${h}px; }
QToolButton[shape="icon"]:focus { padding: 0; min-width: ${hf}px; max-width: ${hf}px; min-height: ${hf}px; }
QMessageBox QLabel { min-width: ${message_w}px; }
QMessageBox #qt_msgbox_label { font-size: ${lead}px; font-weight: 600; }
QMessageBox #qt_msgboxex_icon_label { min-width: 0; }
QFileDialog { min-width: ${dialog_w}px; min-height: ${dialog_h}px; }
QFileDialog QToolButton, QFileDialog QToolButton:focus { padding: 0; min-height: ${hs}px; min-width: ${hs}px; border-width: 2px; border-color: transparent; }
QFileDialog QToolButton:focus { border-color: $focus; }
QToolButton::menu-indicator { image: none; width: 0; }

#segments { background: $sunken; border: 1px solid $border; border-radius: ${rm}px; }
#segments QPushButton { background: transparent; border: 2px solid transparent; min-height: ${hs}px; color: $muted; border-radius: ${rs}px; }
#segments QPushButton:hover { color: $text; background: $hover; }
#segments QPushButton:checked { background: $surface; color: $on_soft; border: 2px solid $segment_line; font-weight: 600; }
#segments QPushButton:focus { border: 2px solid $focus; }
#segments QPushButton:disabled { color: $disabled; }

QLineEdit, QAbstractSpinBox, QComboBox {
  background: $surface; border: 1px solid $control; border-radius: ${rm}px; min-height: ${h}px; padding: 0 ${s3}px;
  selection-background-color: $fill; selection-color: $on_fill;
}
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus { border: 2px solid $focus; padding-left: ${s3f}px; min-height: ${hf}px; }
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled { color: $disabled; border-color: $border; }
QLineEdit, QPlainTextEdit { placeholder-text-color: $muted; }
QLineEdit:read-only { background: $sunken; }
QLineEdit > QToolButton, QLineEdit > QToolButton:focus, QLineEdit > QToolButton:hover { background: transparent; border: none; padding: 0; min-height: 0; }
QLineEdit[bad="true"], QAbstractSpinBox[bad="true"], QComboBox[bad="true"] { border: 2px solid $danger; }
QAbstractSpinBox { padding-right: ${h}px; }
QAbstractSpinBox { max-height: ${h}px; }
QAbstractSpinBox:focus { max-height: ${hf}px; }
QAbstractSpinBox QLineEdit, QAbstractSpinBox QLineEdit:focus { min-height: 0; border: none; padding: 0; background: transparent; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { subcontrol-origin: border; width: ${h}px; border: none; background: transparent; }
QAbstractSpinBox::up-button { subcontrol-position: top right; height: ${half}px; }
QAbstractSpinBox::down-button { subcontrol-position: bottom right; height: ${half}px; }
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover { background: $hover; border-radius: ${rs}px; }
QAbstractSpinBox::up-arrow { image: url("$arrow_up_icon"); width: ${small}px; height: ${small}px; }
QAbstractSpinBox::down-arrow { image: url("$arrow_icon"); width: ${small}px; height: ${small}px; }
QComboBox::drop-down { border: none; width: ${h}px; }
QComboBox::down-arrow { image: url("$arrow_icon"); width: ${check}px; height: ${check}px; }

QCheckBox { spacing: ${s2}px; min-height: ${hs}px; border: 2px solid transparent; border-radius: ${rs}px; }
QCheckBox:focus { border: 2px solid $focus; }
QCheckBox::indicator { width: ${check}px; height: ${check}px; border: 1px solid $control; border-radius: 4px; background: $surface; }
QCheckBox::indicator:checked { background: $fill; border-color: $fill; image: url("$check_icon"); }

QRadioButton { spacing: ${s2}px; min-height: ${hs}px; border: 2px solid transparent; border-radius: ${rs}px; }
QRadioButton:focus { border: 2px solid $focus; }
QRadioButton::indicator { width: ${check}px; height: ${check}px; border: 1px solid $control; border-radius: ${check_r}px; background: $surface; }
QRadioButton::indicator:checked { width: ${dot}px; height: ${dot}px; border: ${ring}px solid $fill; background: $surface; }
QCheckBox:disabled, QRadioButton:disabled { color: $disabled; }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled { border-color: $border; background: $sunken; }
QCheckBox::indicator:checked:disabled { background: $disabled; border-color: $disabled; }
QRadioButton::indicator:checked:disabled { border-color: $disabled; }
QCheckBox::indicator:hover, QRadioButton::indicator:hover { border-color: $accent; }

QSlider { min-height: ${hs}px; border: 2px solid transparent; border-radius: ${rs}px; }
QSlider:focus { border: 2px solid $focus; }
QSlider::groove:horizontal { height: ${bar2}px; border-radius: ${bar}px; background: $track; }
QSlider::sub-page:horizontal { background: $fill_line; border-radius: ${bar}px; }
QSlider::handle:horizontal { width: ${knob}px; height: ${knob}px; margin: -${knob_m}px 0; border-radius: ${knob_r}px; background: $surface; border: 2px solid $fill_line; }
QSlider::groove:vertical { width: ${bar2}px; border-radius: ${bar}px; background: $track; }
QSlider::add-page:vertical { background: $fill_line; border-radius: ${bar}px; }
QSlider::handle:vertical { width: ${knob}px; height: ${knob}px; margin: 0 -${knob_m}px; border-radius: ${knob_r}px; background: $surface; border: 2px solid $fill_line; }
QSlider::handle:hover { background: $soft; }
QSlider::handle:disabled { border-color: $disabled; }
QSlider::sub-page:horizontal:disabled, QSlider::add-page:vertical:disabled { background: $disabled; }

QTabWidget::pane { border: none; border-top: 1px solid $border; }
QTabBar { background: transparent; }
QTabBar::tab { background: transparent; color: $muted; border: none; border-bottom: 2px solid transparent; padding: ${s2}px ${s3}px; font-weight: 500; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; font-weight: 600; }
QTabBar::tab:focus { color: $on_soft; border: 2px solid $focus; border-radius: ${rs}px; }
QGroupBox { border: 1px solid $border; border-radius: ${rm}px; margin-top: ${s4}px; padding: ${s3}px; font-weight: 600; }
QGroupBox::title { subcontrol-origin: margin; left: ${s3}px; padding: 0 ${s1}px; }
QComboBox QAbstractItemView { background: $surface; border: 1px solid $control; padding: ${s1}px; outline: none; }
QComboBox QAbstractItemView::item { min-height: ${hs}px; padding: 0 ${s2}px; border-radius: ${rs}px; }

QPlainTextEdit, QTextEdit { background: $surface; border: 1px solid $control; border-radius: ${rm}px; padding: ${s2}px; selection-background-color: $fill; selection-color: $on_fill; }
QPlainTextEdit[readOnly="true"], QTextEdit[readOnly="true"] { background: $sunken; border-color: $border; }
QPlainTextEdit:disabled, QTextEdit:disabled { background: $sunken; color: $disabled; border-color: $border; }
QPlainTextEdit[bad="true"], QTextEdit[bad="true"] { border: 2px solid $danger; padding: ${s2f}px; }
QPlainTextEdit:focus, QTextEdit:focus { border: 2px solid $focus; padding: ${s2f}px; }
QListView, QTableView, QTreeView { background: $surface; border: 1px solid $border; padding: 1px; border-radius: ${rm}px; outline: none; selection-background-color: $soft; selection-color: $on_soft; gridline-color: $border; }
QListView:focus, QTableView:focus, QTreeView:focus { border: 2px solid $focus; padding: 0; }
QListView::item, QTableView::item, QTreeView::item { padding: ${s2}px ${s3}px; border: none; }
QListView::item:hover, QTableView::item:hover, QTreeView::item:hover { background: $hover; }
QListView::item:selected, QTableView::item:selected, QTreeView::item:selected { background: $soft; color: $on_soft; }
QHeaderView { background: transparent; border: none; }
QHeaderView::section { background: transparent; color: $muted; border: none; border-bottom: 1px solid $border; padding: ${s2}px ${s3}px; font-size: ${caption}px; font-weight: 600; }
QHeaderView::up-arrow, QHeaderView::down-arrow { image: none; width: 0; height: 0; }
QTableCornerButton::section { background: transparent; border: none; }

QProgressBar { background: $track; border: none; border-radius: ${bar}px; min-height: ${bar2}px; max-height: ${bar2}px; }
QProgressBar::chunk { background: $fill_line; border-radius: ${bar}px; }
QProgressBar[tone="muted"]::chunk { background: $control; }

QMenu { background: $surface; border: 1px solid $control; border-radius: ${rm}px; padding: ${s1}px; }
QMenu::item { padding: ${s2}px ${s5}px ${s2}px ${s4}px; border-radius: ${rs}px; }
QMenu::item:selected { background: $soft; color: $on_soft; }
QMenu::item:disabled { color: $disabled; }
QMenu::icon { left: ${s2}px; }
QMenu::separator { height: 1px; background: $border; margin: ${s1}px ${s2}px; }
QMenu::indicator { width: ${check}px; height: ${check}px; left: ${s1}px; }
QMenu::indicator:checked { image: url("$menu_check_icon"); }

QScrollBar { background: transparent; border: none; }
QScrollBar:vertical { width: ${bar_w}px; margin: 2px; }
QScrollBar:horizontal { height: ${bar_w}px; margin: 2px; }
QScrollBar::handle { background: $scroll; border-radius: ${bar_r}px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: $control; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page { background: none; border: none; width: 0; height: 0; }
QSplitter::handle { background: transparent; }

#drop { background: $sunken; border: 2px dashed $control; border-radius: ${rl}px; }
#drop[active="true"] { background: $soft; border-color: $accent; }
#chip { background: $hover; border-radius: ${rs}px; padding: 1px ${s2}px; font-size: ${caption}px; font-weight: 600; color: $muted; }
#chip[tone="accent"] { background: $soft; color: $on_soft; }
#chip[tone="success"] { background: $success_soft; color: $success; }
#chip[tone="warning"] { background: $warning_soft; color: $warning; }
#chip[tone="danger"] { background: $danger_soft; color: $danger; }
"""
    + FRAME
)


def style_sheet(
    theme: Theme,
    *,
    check_icon: str,
    menu_check_icon: str,
    arrow_icon: str,
    arrow_up_icon: str,
) -> str:
    """The application's style sheet; the icons are files: a check mark (on the fill colour, on a menu), arrows down and up."""
    c = theme.colors
    contrast = theme.name == "high-contrast"
    colors = {k: v for k, v in vars(c).items() if isinstance(v, str)}
    return _SHEET.substitute(
        colors,
        family=FAMILY,
        caption=theme.text("caption"),
        body=theme.text("body"),
        lead=theme.text("lead"),
        title=theme.text("title"),
        figure=theme.text("figure"),
        rs=RADIUS["small"],
        rm=RADIUS["medium"],
        rl=RADIUS["large"],
        s1=theme.space("xs"),
        s2=theme.space("s"),
        s3=theme.space("m"),
        s4=theme.space("l"),
        s5=theme.space("xl"),
        h=theme.control_height - 2,
        hs=max(24, theme.px(26)),
        check=max(14, theme.px(16)),
        check_icon=check_icon,
        menu_check_icon=menu_check_icon,
        arrow_icon=arrow_icon,
        arrow_up_icon=arrow_up_icon,
        half=theme.control_height // 2,
        message_w=theme.px(400),
        dialog_w=theme.px(760),
        dialog_h=theme.px(480),
        small=max(10, theme.px(12)),
        s2f=theme.space("s") - 1,
        s3f=theme.space("m") - 1,
        s4f=theme.space("l") - 1,
        hf=theme.control_height - 4,
        bar=max(2, theme.px(3)),
        bar2=max(4, theme.px(6)),
        bar_w=10,
        bar_r=3,
        check_r=max(14, theme.px(16)) // 2 + 1,
        ring=max(14, theme.px(16)) // 3,
        dot=max(14, theme.px(16)) + 2 - 2 * (max(14, theme.px(16)) // 3),
        knob=max(14, theme.px(16)),
        knob_m=max(14, theme.px(16)) // 2 - max(4, theme.px(6)) // 2,
        knob_r=max(14, theme.px(16)) // 2,
        side_h=theme.text("body") + theme.space("l"),
        side_line=c.border,
        toast_line=c.border,
        key_line=c.control if contrast else c.border,
        banner_line=c.border if contrast else c.soft,
        quiet_hover=c.border if contrast else "transparent",
        focus_on_fill=c.focus if contrast else (c.text if theme.dark else "#17143f"),
        segment_line=c.accent if contrast else c.border,
        track=c.grid if contrast else c.pressed,
        fill_line=c.accent,
        scroll=c.control if contrast else c.pressed,
    )

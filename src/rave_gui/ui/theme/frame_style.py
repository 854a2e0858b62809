"""The part of the style sheet that draws the frame: navigation, status bar, toasts, palette, key caps."""

from __future__ import annotations

FRAME = """
#sidebar { background: $side; border: none; border-right: 1px solid $side_line; }
#sidebar QToolButton {
  background: transparent; border: 2px solid transparent; border-radius: ${rm}px; color: $muted; font-weight: 500;
  padding: 0 ${s2}px; min-height: ${side_h}px; text-align: left;
}
#sidebar QToolButton:hover { background: $hover; color: $text; }
#sidebar QToolButton:checked { background: $soft; color: $on_soft; font-weight: 600; }
#sidebar QToolButton:focus { border: 2px solid $focus; padding: 0 ${s2}px; min-height: ${side_h}px; }
#sidebar QToolButton:disabled { color: $disabled; }
#sidebar QToolButton#command { background: $surface; border: 1px solid $border; color: $muted; font-weight: 400; margin: 0; }
#sidebar QToolButton#command:hover { border-color: $control; }
#sidebar QToolButton#command:focus { border: 2px solid $focus; }
#sidebar QToolButton#project { color: $text; font-weight: 600; min-height: ${h}px; }
#sidebar QToolButton#project:focus { min-height: ${h}px; }

#statusbar { background: $side; border: none; border-top: 1px solid $side_line; }
#statusbar QLabel { font-size: ${caption}px; color: $muted; }
#statusbar QPushButton, #statusbar QToolButton {
  min-height: ${hs}px; max-height: ${hs}px; font-size: ${caption}px; font-weight: 500; border: 2px solid transparent; border-radius: ${rs}px;
  background: transparent; padding: 0 ${s2}px; color: $muted;
}
#statusbar QToolButton { min-width: ${hs}px; padding: 0; }
#statusbar QPushButton:hover, #statusbar QToolButton:hover { background: $hover; color: $text; }
#statusbar QPushButton:focus, #statusbar QToolButton:focus { border: 2px solid $focus; }
#statusbar QPushButton[tone="accent"] { color: $accent; }
#statusbar QPushButton[tone="success"] { color: $success; }
#statusbar QPushButton[tone="warning"] { color: $warning; }
#statusbar QPushButton[tone="danger"] { color: $danger; }

#toast { background: $surface; border: 1px solid $toast_line; border-radius: ${rl}px; }
#toast[tone="danger"] { border: 1px solid $danger; }
#toast[tone="warning"] { border: 1px solid $warning; }
#panel { background: $surface; border: 1px solid $control; border-radius: ${rl}px; }
#notice { border: none; border-bottom: 1px solid $border; background: transparent; }

#palette { background: $surface; border: 1px solid $control; border-radius: ${rl}px; }
#palette QLineEdit { border: none; background: transparent; font-size: ${lead}px; min-height: ${h}px; padding: 0; }
#palette QLineEdit:focus { border: none; padding: 0; }
#palette QListView { border: none; background: transparent; border-radius: 0; }
#palette QListView:focus { border: none; }
#key { background: $sunken; border: 1px solid $key_line; border-radius: ${rs}px; padding: 1px ${s1}px; font-size: ${caption}px; font-weight: 600; color: $muted; }
"""

"""The window's texts: those of :mod:`rave_gui.i18n`, and Qt's own in the same language."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

from rave_gui.i18n import N_, language, tr, trn

__all__ = ["N_", "install_qt_texts", "tr", "trn"]


def install_qt_texts(app: QCoreApplication) -> QTranslator | None:
    """Put Qt's own texts (file dialogs, standard buttons) into the language in use; None where Qt has no catalogue for it."""
    translator = QTranslator(app)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if not translator.load(QLocale(language()), "qtbase", "_", folder):
        return None
    app.installTranslator(translator)
    return translator

"""A new run in five steps."""

from rave_gui.ui.pages.training.wizard.view import RunWizard

__all__ = ["RunWizard"]

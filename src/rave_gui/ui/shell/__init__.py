"""What every page and dialog shares: the session, actions, the page base, undo."""

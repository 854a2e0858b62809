"""What the window shows, as plain state without Qt; changes are told by ``psygnal`` signals."""

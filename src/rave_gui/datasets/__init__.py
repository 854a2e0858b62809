"""From recordings to a RAVE dataset."""

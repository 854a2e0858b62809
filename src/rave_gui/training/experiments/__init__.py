"""Runs side by side: a table of all that is known of them, a language to choose among them, comparison, reports."""

"""The start: what runs, what ended, what comes next."""

"""Every job of the user: what runs, what ended, and why."""

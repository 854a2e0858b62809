"""Every long action: spec, state machine, queue, dispatcher and the detached runner."""

"""The way through a wizard: its steps, how far one has come, and what stands in the way."""

from __future__ import annotations

from typing import ClassVar

from psygnal import Signal


class Steps:
    """Base of the models of wizards. ``changed`` carries the topic; ``step`` when another step is to be shown."""

    changed = Signal(str)
    steps: ClassVar[tuple[str, ...]] = ()
    """Keys of the steps, in their order."""

    def __init__(self) -> None:
        self.step = self.reached = self.steps[0]

    def problem(self, step: str) -> str:
        """Why the way cannot go on from ``step``, in a sentence; empty when it can."""
        raise NotImplementedError

    @property
    def place(self) -> int:
        """Which step is shown, counted from 0."""
        return self.steps.index(self.step)

    @property
    def last(self) -> bool:
        """Whether the last step is shown."""
        return self.step == self.steps[-1]

    @property
    def blocked(self) -> str:
        """The first problem on the way to the present step, or of it; empty when the way is free."""
        for step in self.steps[: self.place + 1]:
            problem = self.problem(step)
            if problem:
                return problem
        return ""

    def may_go(self, step: str) -> bool:
        """Whether a step can be shown: everything before it is in order."""
        return all(not self.problem(before) for before in self.steps[: self.steps.index(step)])

    def go(self, step: str) -> bool:
        """Show a step; False when something before it is not in order, or when it is shown already."""
        if step == self.step or not self.may_go(step):
            return False
        self.step = step
        if self.place > self.steps.index(self.reached):
            self.reached = step
        self.changed.emit("step")
        return True

    def next(self) -> bool:
        """The next step; False at the end or when this one is not in order."""
        return not self.last and self.go(self.steps[self.place + 1])

    def back(self) -> bool:
        """The step before; False at the first."""
        return self.place > 0 and self.go(self.steps[self.place - 1])

    def begin_anew(self) -> None:
        """Back to the first step, and as if the others had not been seen."""
        self.step = self.reached = self.steps[0]
        self.changed.emit("step")

"""A clock for tests: it stands still but for the pauses that are asked of it."""

from __future__ import annotations


class Time:
    """Gives the time and lets it pass; ``pauses`` are those that were asked for, in seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def clock(self) -> float:
        """Tell the time."""
        return self.now

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.pauses.append(seconds)
        self.now += seconds

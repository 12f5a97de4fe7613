"""Many things done at a time by threads, their results given in the order of the input."""

from __future__ import annotations

import atexit
import os
import queue
import sys
import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

T = TypeVar("T")
R = TypeVar("R")

# So many results may wait for an earlier one that takes its time; then no more is read.
WINDOW: Final = 1_024

_GLANCE_S: Final = 0.2


class Later(Generic[R]):
    """A result that is not certain yet. ``urge`` has it made certain now, which else happens by the way."""

    def __init__(self, urge: Callable[[], object]) -> None:
        self.urge = urge
        self._lock = threading.Lock()
        self._heard: list[Callable[[R], object]] = []
        self._found: tuple[R] | None = None

    @property
    def is_settled(self) -> bool:
        """Whether it is certain."""
        return self._found is not None

    def settle(self, result: R) -> None:
        """Say what it is; may be done in any thread, once."""
        with self._lock:
            self._found = (result,)
        for hears in self._heard:
            hears(result)

    def when_settled(self, hears: Callable[[R], object]) -> None:
        """Have somebody hear what it is, at once if it is certain already."""
        with self._lock:
            if self._found is None:
                self._heard.append(hears)
                return
        hears(*self._found)


class _Task(Generic[T, R]):
    """One thing to do, and what came of it."""

    __slots__ = ("error", "is_ahead", "is_begun", "is_done", "item", "result")

    def __init__(self, item: T) -> None:
        self.item = item
        self.is_ahead = False
        self.is_begun = False
        self.is_done = False
        self.result: R
        self.error: BaseException | None = None

    def settle(self, do: Callable[[T], R | Later[R]]) -> Later[R] | None:
        """Do it, and keep what comes of it; give it when it is not certain yet."""
        try:
            found = do(self.item)
        except BaseException as error:  # noqa: BLE001 - it is raised where the results are given
            self.error = error
            return None
        if isinstance(found, Later):
            return found
        self.result = found
        return None


class _Source(Generic[T]):
    """Where items come from; ``is_over`` once it has no more."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items = iter(items)
        self.is_over = False

    def take(self) -> tuple[T] | None:
        """Give the next item; None when there is none, or none yet. Raises what its source raises."""
        for item in self._items:
            return (item,)
        self.is_over = True
        return None


class _Apart(_Source[T]):
    """A source that is read by a thread of its own, at most so many items ahead; ``changed`` is called after each."""

    def __init__(self, items: Iterable[T], most: int, changed: Callable[[], object]) -> None:
        super().__init__(items)
        self._changed = changed
        self._error: BaseException | None = None
        self._ahead: queue.Queue[tuple[T] | None] = queue.Queue(most)
        threading.Thread(target=self._read, daemon=True).start()

    def take(self) -> tuple[T] | None:
        """Give the next item if one was read."""
        try:
            read = self._ahead.get_nowait()
        except queue.Empty:
            return None
        self.is_over = read is None
        if self._error is not None and self.is_over:
            raise self._error
        return read

    def _read(self) -> None:
        try:
            for item in self._items:
                self._put((item,))
        except BaseException as error:  # noqa: BLE001 - it is raised where the items are taken
            self._error = error
        self._put(None)

    def _put(self, read: tuple[T] | None) -> None:
        self._ahead.put(read)
        self._changed()


class Dispatch(Generic[T, R]):
    """Does something with each item, ``jobs`` at a time, and reads some ahead.

    What is done may give a ``Later``: it is urged when its thread has nothing else to do, and else settled by what
    is done next; at the latest when that is done.
    ``leave`` is what is done, once stopped, with items that were read and not begun; ``cut`` gives, once abandoned,
    the result of what was begun and has not ended. Without them, these items have none. With ``apart``, the items are
    read by a thread of their own, so that results are given while the next item lets itself be waited for.
    """

    def __init__(
        self,
        do: Callable[[T], R | Later[R]],
        *,
        jobs: int,
        leave: Callable[[T], R] | None = None,
        cut: Callable[[T], R] | None = None,
        apart: bool = False,
    ) -> None:
        self._do = do
        self._jobs = jobs
        self._leave = leave
        self._cut = cut
        self._apart = apart
        self._todo: queue.SimpleQueue[_Task[T, R] | None] = queue.SimpleQueue()
        self._waiting: deque[_Task[T, R]] = deque()
        self._change = threading.Condition()
        self._ahead = jobs + 1
        self._awaited: _Task[T, R] | None = None
        self._unended = 0
        self._changes = 0
        self._process = 0
        self._is_stopped = False
        self._is_abandoned = False

    @property
    def was_stopped(self) -> bool:
        """Whether it was asked to stop before all was read."""
        return self._is_stopped

    def stop(self) -> None:
        """Read no more: what is under way is ended, what is not begun is left. May be called from a signal handler."""
        self._is_stopped = True

    @property
    def was_abandoned(self) -> bool:
        """Whether it was asked to wait no more."""
        return self._is_abandoned

    def abandon(self) -> None:
        """Wait no more, not even for what is under way. May be called from a signal handler."""
        self._is_stopped = self._is_abandoned = True

    def under_way(self) -> list[T]:
        """List what was begun and has not ended."""
        return [task.item for task in list(self._waiting) if task.is_begun and not task.is_done]

    def results(self, items: Iterable[T]) -> Generator[tuple[T, R]]:
        """Give each item with its result, in the order of the items, which are read as there is room.

        Raises what was raised for an item, once what was under way has ended. Whoever takes no more results has to
        wait for that too; only Ctrl-C does not.
        """
        source = _Apart(items, self._jobs, self._changed) if self._apart else _Source(items)
        self._process = os.getpid()
        _running.add(self)
        for _ in range(self._jobs):
            threading.Thread(target=self._work, daemon=True).start()
        error: BaseException | None = None
        try:
            while (task := self._next(source)) is not None:
                if task.error is None:
                    yield task.item, task.result
                else:
                    error = error or task.error
                    self.stop()
        except (Exception, GeneratorExit):
            self.end()
            raise
        except KeyboardInterrupt:
            self.abandon()
            raise
        finally:
            _running.discard(self)
            for _ in range(self._jobs):
                self._todo.put(None)
        if error is not None:
            raise error

    def _next(self, source: _Source[T]) -> _Task[T, R] | None:
        """Wait for the first of what was read to have a result; None when there is no more."""
        while True:
            seen = self._changes
            self._fill(source)
            if self._waiting and self._waiting[0].is_done:
                return self._waiting.popleft()
            if self._waiting and self._is_abandoned:
                # A task of its own, since the thread that is at the other one may still end it.
                task: _Task[T, R] = _Task(self._waiting.popleft().item)
                if self._cut is not None:
                    task.settle(self._cut)
                    return task
            elif not self._waiting and (source.is_over or self._is_stopped):
                return None
            else:
                self._wait(seen)

    def _fill(self, source: _Source[T]) -> None:
        """Read as much as there is room for, or leave what was read."""
        while not self._is_stopped and self._unended < self._jobs + self._ahead and len(self._waiting) < WINDOW:
            read = source.take()
            if read is None or self._is_stopped:
                break  # what was being read when it was stopped counts as not read
            task: _Task[T, R] = _Task(*read)
            self._waiting.append(task)
            with self._change:
                task.is_ahead = self._unended >= self._jobs
                self._unended += 1
            self._todo.put(task)
            if self._waiting[0].is_done:
                break  # it is given before more is read, which may let itself be waited for
        if self._is_stopped:
            self._take_back()

    def _wait(self, seen: int) -> None:
        """Wait for a change after those that were seen; in glances, since a signal handler runs between two of them."""
        with self._change:
            self._awaited = self._waiting[0] if self._waiting else None
            if self._changes == seen and not (self._awaited and self._awaited.is_done):
                self._change.wait(_GLANCE_S)

    def _changed(self) -> None:
        """Wake whoever waits for results."""
        with self._change:
            self._wake()

    def _wake(self) -> None:
        self._changes += 1
        self._change.notify()

    def _work(self) -> None:
        """Do what there is to do; a result that is left uncertain is so for one more item, and not while it waits."""
        left: Later[R] | None = None
        while True:
            try:
                task = self._todo.get_nowait()
            except queue.Empty:
                if left is not None:
                    left.urge()
                task = self._todo.get()
            if task is None:
                break
            with self._change:
                is_left = task.is_begun or self._is_stopped
                task.is_begun = task.is_begun or not is_left
            later = None if is_left else self._do_task(task)
            if left is not None and not left.is_settled:
                left.urge()
            left = later
        if left is not None:
            left.urge()

    def _do_task(self, task: _Task[T, R]) -> Later[R] | None:
        """Do it, and tell when its result is certain; give what is not."""
        later = task.settle(self._do)
        with self._change:
            self._unended -= 1
            if self._unended == self._jobs + self._ahead // 2:
                self._wake()
        if later is None:
            self._end_task(task)
        else:
            later.when_settled(lambda result: self._end_task(task, result))
        return later

    def _end_task(self, task: _Task[T, R], *result: R) -> None:
        """Say that a task has its result; whoever waits for it alone is woken, since each waking costs."""
        for found in result:
            task.result = found
        with self._change:
            task.is_done = True
            if task is self._awaited or self._is_stopped:
                self._wake()

    def _take_back(self) -> None:
        """Leave what was read and not begun; what was only read ahead of the threads counts as not read.

        Not so what stands before something that was begun: a thread had taken it already, and came too late.
        """
        waiting = list(self._waiting)
        with self._change:
            last_begun = max((index for index, task in enumerate(waiting) if task.is_begun), default=-1)
        is_read = self._leave is not None
        for index, task in enumerate(waiting):
            with self._change:
                if task.is_begun:
                    continue
                task.is_begun = True
                self._unended -= 1
            is_read = is_read and (index < last_begun or not task.is_ahead)
            if self._leave is None or not is_read:
                self._waiting.remove(task)
            else:
                task.settle(self._leave)
                task.is_done = True

    def end(self) -> None:
        """Leave what is not begun, and wait for what is."""
        self.stop()
        self._take_back()
        while self.under_way() and not self._is_abandoned and self._has_threads():
            with self._change:
                self._change.wait(_GLANCE_S)

    def _has_threads(self) -> bool:
        """Tell whether its threads can come to an end: not in a forked child, nor when the interpreter is dying."""
        return self._process == os.getpid() and not sys.is_finalizing()


_running: weakref.WeakSet[Dispatch[Any, Any]] = weakref.WeakSet()


@atexit.register
def _end_all() -> None:
    """End what is under way when a program ends whose results nobody takes: its threads are stopped where they are."""
    for dispatch in list(_running):
        dispatch.end()

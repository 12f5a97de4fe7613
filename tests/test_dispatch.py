"""Many things at a time: all of them, in order, stopped when asked."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paytraq_direct.dispatch import WINDOW, Dispatch, Later

if TYPE_CHECKING:
    from collections.abc import Iterator


@given(st.lists(st.integers(), max_size=60), st.integers(1, 8))
def test_every_item_has_its_result_in_order(items: list[int], jobs: int) -> None:
    """None is lost, none is done twice, and the order is that of the input."""
    done: list[int] = []

    def do(item: int) -> int:
        done.append(item)
        return -item

    assert list(Dispatch(do, jobs=jobs).results(items)) == [(item, -item) for item in items]
    assert sorted(done) == sorted(items)


def test_a_slow_one_does_not_keep_the_others_from_being_done() -> None:
    """While the first waits, the rest goes on; its result still comes first."""
    go = threading.Event()
    others = threading.Semaphore(0)

    def do(item: int) -> int:
        if item == 0:
            assert go.wait(30)
        else:
            others.release()
        return item

    results = Dispatch(do, jobs=2).results(range(50))
    found: list[tuple[int, int]] = []
    reader = threading.Thread(target=lambda: found.extend(results))
    reader.start()
    for _ in range(49):
        assert others.acquire(timeout=30)
    assert found == []
    go.set()
    reader.join(30)
    assert found == [(item, item) for item in range(50)]


def test_no_more_is_read_than_there_is_room_for() -> None:
    """Input is read as results are taken, never more than a window ahead."""
    read: list[int] = []

    def items() -> Iterator[int]:
        for number in itertools.count():
            read.append(number)
            yield number

    dispatch: Dispatch[int, int] = Dispatch(lambda item: item, jobs=3)
    results = dispatch.results(items())
    for expected in range(10):
        assert next(results) == (expected, expected)
    assert len(read) <= 10 + WINDOW
    results.close()


def test_a_slow_source_keeps_no_more_than_one_result_waiting() -> None:
    """What has its result is given before more is read."""
    done, given = threading.Semaphore(0), 0
    lag: list[int] = []

    def do(item: int) -> int:
        done.release()
        return item

    def items() -> Iterator[int]:
        for number in range(30):
            lag.append(number - given)
            yield number
            assert done.acquire(timeout=30)

    for _ in Dispatch(do, jobs=1).results(items()):
        given += 1
    assert max(lag) <= 3


def _later(item: int, result: int, urged: list[int]) -> Later[int]:
    """Give a result that is certain once it is urged."""

    def urge() -> None:
        urged.append(item)
        later.settle(result)

    later: Later[int] = Later(urge)
    return later


def test_a_result_that_is_not_certain_is_urged_when_there_is_nothing_else_to_do() -> None:
    """Until it is certain it is not given; that waits for no input."""
    given = threading.Event()
    urged: list[int] = []

    def do(item: int) -> Later[int]:
        return _later(item, -item, urged)

    def items() -> Iterator[int]:
        yield 1
        assert given.wait(30)
        yield 2

    dispatch: Dispatch[int, int] = Dispatch(do, jobs=1, apart=True)
    results = dispatch.results(items())
    assert (next(results), urged) == ((1, -1), [1])
    given.set()
    assert (list(results), urged) == ([(2, -2)], [1, 2])


@pytest.mark.parametrize("settles", [True, False])
def test_a_result_that_is_not_certain_waits_for_one_more_item(*, settles: bool) -> None:
    """While there is more to do, what is done next makes it certain by the way; if not, it is urged then."""
    asked = [threading.Event() for _ in range(12)]
    left: list[Later[int]] = []
    urged: list[int] = []

    def do(item: int) -> Later[int]:
        assert asked[item + 2].wait(30)  # so that the next item is there
        if settles and left:
            left.pop().settle(0)
        left.append(_later(item, 1, urged))
        return left[-1]

    def items() -> Iterator[int]:
        for number in range(10):
            asked[number].set()
            yield number
        asked[10].set()
        asked[11].set()

    dispatch: Dispatch[int, int] = Dispatch(do, jobs=1)
    found = list(dispatch.results(items()))
    assert found == ([(item, 0) for item in range(9)] + [(9, 1)] if settles else [(item, 1) for item in range(10)])
    assert urged == ([9] if settles else list(range(10)))


def test_what_was_only_read_ahead_counts_as_not_read() -> None:
    """Stopped, what no thread was free for has no result: the same command goes on from there."""
    begun, go, read = threading.Event(), threading.Event(), threading.Event()

    def do(item: int) -> str:
        begun.set()
        assert go.wait(30)
        return f"done {item}"

    def items() -> Iterator[int]:
        yield 0
        yield 1
        read.set()
        yield 2

    dispatch = Dispatch(do, jobs=1, leave=lambda item: f"left {item}")
    found: list[tuple[int, str]] = []
    reader = threading.Thread(target=lambda: found.extend(dispatch.results(items())))
    reader.start()
    assert begun.wait(30)
    assert read.wait(30)
    dispatch.stop()
    go.set()
    reader.join(30)
    assert found == [(0, "done 0")]


def test_what_was_being_read_when_it_was_stopped_counts_as_not_read() -> None:
    """Though a thread is free by then: nobody was told that it was read."""
    ended = threading.Event()

    def items() -> Iterator[int]:
        yield 0
        assert ended.wait(30)
        dispatch.stop()
        yield 1

    def do(item: int) -> str:
        ended.set()
        return f"done {item}"

    dispatch = Dispatch(do, jobs=1, leave=lambda item: f"left {item}")
    assert list(dispatch.results(items())) == [(0, "done 0")]


def test_what_stands_before_something_begun_counts_as_read() -> None:
    """A thread that took an item and came too late to begin it leaves no hole in what was read."""
    started, begun, go, late = threading.Barrier(3), threading.Event(), threading.Event(), threading.Event()

    def do(item: int) -> str:
        if item < 2:
            started.wait(30)
        else:
            begun.set()
            assert go.wait(30)
        return f"done {item}"

    dispatch = Dispatch(do, jobs=2, leave=lambda item: f"left {item}")
    todo = dispatch._todo

    class Held:
        """Gives what there is to do, the third item late."""

        put = todo.put

        def get_nowait(self) -> Any:
            return self._late(todo.get_nowait())

        def get(self) -> Any:
            return self._late(todo.get())

        def _late(self, task: Any) -> Any:
            if task is not None and task.item == 2:
                assert late.wait(30)
            return task

    dispatch._todo = Held()  # type: ignore[assignment]
    found: list[tuple[int, str]] = []
    reader = threading.Thread(target=lambda: found.extend(dispatch.results(range(4))))
    reader.start()
    started.wait(30)
    assert begun.wait(30)
    dispatch.stop()
    late.set()
    go.set()
    reader.join(30)
    assert found == [(0, "done 0"), (1, "done 1"), (2, "left 2"), (3, "done 3")]


def test_stopped_it_ends_what_is_under_way_and_leaves_the_rest() -> None:
    """After stop() nothing more is read; what was begun has its result, the rest what leave() gives."""
    begun, go = threading.Event(), threading.Event()

    def do(item: int) -> str:
        begun.set()
        assert go.wait(30)
        return f"done {item}"

    dispatch = Dispatch(do, jobs=1, leave=lambda item: f"left {item}")
    found: list[tuple[int, str]] = []
    reader = threading.Thread(target=lambda: found.extend(dispatch.results(itertools.count())))
    reader.start()
    assert begun.wait(30)
    assert dispatch.under_way() == [0]
    dispatch.stop()
    go.set()
    reader.join(30)
    assert found[0] == (0, "done 0")
    assert len(found) <= 2
    assert dispatch.was_stopped


def test_an_error_ends_the_run_after_what_is_under_way() -> None:
    """What is raised for an item is raised at the end; results that came are given before."""

    def do(item: int) -> int:
        if item == 3:
            raise ValueError(item)
        return item

    results = Dispatch(do, jobs=1).results(range(100))
    found: list[tuple[int, int]] = []
    with pytest.raises(ValueError, match="3"):
        found.extend(results)
    assert found[:3] == [(0, 0), (1, 1), (2, 2)]


@pytest.mark.parametrize("how", ["closed", "source fails"])
def test_who_wants_no_more_results_waits_for_what_is_under_way(how: str) -> None:
    """What was begun has ended when the results are let go of, or cannot be read further; what was not is left."""
    begun, go = threading.Semaphore(0), threading.Event()
    ended: list[int] = []
    left: list[int] = []

    def do(item: int) -> int:
        if item:
            begun.release()
            assert go.wait(30)
        ended.append(item)
        return item

    def leave(item: int) -> int:
        left.append(item)
        return item

    def items() -> Iterator[int]:
        yield from range(3)
        assert begun.acquire(timeout=30)
        threading.Timer(0.05, go.set).start()
        if how == "source fails":
            raise ValueError("broken off")
        yield 3

    results = Dispatch(do, jobs=3, leave=leave).results(items())
    if how == "closed":
        assert next(results) == (0, 0)
        threading.Timer(0.05, go.set).start()
        results.close()
    else:
        with pytest.raises(ValueError, match="broken off"):
            list(results)
    assert sorted(ended + left) == list(range(max(ended + left) + 1))


def test_abandoned_it_waits_for_nothing() -> None:
    """After abandon() the results end at once, whatever is under way."""
    begun, go = threading.Event(), threading.Event()

    def do(item: int) -> int:
        if item:
            begun.set()
            go.wait(30)
        return item

    dispatch: Dispatch[int, int] = Dispatch(do, jobs=2)
    results = dispatch.results(range(9))
    assert next(results) == (0, 0)
    assert begun.wait(30)
    dispatch.abandon()
    results.close()
    assert dispatch.under_way()
    go.set()


def test_abandoned_it_still_gives_a_result_for_each_item() -> None:
    """What had ended has its result, what was begun the one of its being cut short, the rest what leave() gives."""
    others, go = threading.Semaphore(0), threading.Event()

    def do(item: int) -> str:
        if item in {0, 3}:
            others.release()
            assert go.wait(30)
        return f"done {item}"

    dispatch = Dispatch(do, jobs=2, leave=lambda item: f"left {item}", cut=lambda item: f"cut {item}")
    found: list[tuple[int, str]] = []
    reader = threading.Thread(target=lambda: found.extend(dispatch.results(range(9))))
    reader.start()
    for _ in range(2):
        assert others.acquire(timeout=30)
    dispatch.abandon()
    reader.join(30)
    assert found == [(0, "cut 0"), (1, "done 1"), (2, "done 2"), (3, "cut 3"), *found[4:]]
    assert {result for _, result in found[4:]} <= {"left 4"}
    go.set()


@pytest.mark.parametrize("is_interrupted", [False, True])
def test_a_program_that_ends_with_results_untaken_does_end(*, is_interrupted: bool) -> None:
    """What was begun has ended then, but for Ctrl-C, and the interpreter waits for no thread that it has frozen."""
    code = f"""
import _thread, threading
from paytraq_direct.dispatch import Dispatch
begun, go = threading.Event(), threading.Event()
def do(item):
    if item:
        begun.set()
        go.wait({60 if is_interrupted else 0.5})
        print("ended", item, flush=True)
    return item
def items():
    yield 0
    yield 1
    begun.wait(30)
    if {is_interrupted}:
        _thread.interrupt_main()
    yield 2
results = Dispatch(do, jobs=2).results(items())
next(results)
begun.wait(30)
if {is_interrupted}:
    next(results)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=30, check=False)
    assert done.stdout == (b"" if is_interrupted else b"ended 1\n"), done.stderr
    assert (done.returncode != 0) is is_interrupted


def test_a_forked_child_waits_for_no_thread_of_its_parent() -> None:
    """A child that ends while its parent's results are under way does end."""
    code = """
import os, sys, threading
from paytraq_direct.dispatch import Dispatch
begun, go = threading.Event(), threading.Event()
def do(item):
    if item:
        begun.set()
        go.wait(60)
    return item
results = Dispatch(do, jobs=2).results(range(2))
next(results)
begun.wait(30)
child = os.fork()
if not child:
    sys.exit(0)
status = os.waitpid(child, 0)[1]
go.set()
sys.exit(status)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


def test_a_source_that_is_waited_for_keeps_no_result_waiting() -> None:
    """Read apart, results are given before the next item has come, and it can be stopped meanwhile."""
    more, asked = threading.Event(), threading.Semaphore(0)

    def items() -> Iterator[int]:
        yield 0
        yield 1
        asked.release()
        assert more.wait(30)
        yield 2
        asked.release()
        threading.Event().wait(60)

    dispatch: Dispatch[int, int] = Dispatch(lambda item: -item, jobs=2, apart=True)
    results = dispatch.results(items())
    assert [next(results), next(results)] == [(0, 0), (1, -1)]
    assert asked.acquire(timeout=30)
    more.set()
    assert next(results) == (2, -2)
    assert asked.acquire(timeout=30)
    dispatch.stop()
    assert list(results) == []


def test_read_apart_no_more_is_read_than_there_is_room_for() -> None:
    """A thread that reads ahead stays within the window, and what its source raises comes after the results."""
    read: list[int] = []

    def items() -> Iterator[int]:
        for number in range(3 * WINDOW):
            read.append(number)
            yield number
        raise ValueError("broken off")

    dispatch: Dispatch[int, int] = Dispatch(lambda item: item, jobs=3, apart=True)
    results = dispatch.results(items())
    for expected in range(10):
        assert next(results) == (expected, expected)
    assert len(read) <= 10 + WINDOW + 3 + 3
    found: list[tuple[int, int]] = []
    with pytest.raises(ValueError, match="broken off"):
        found.extend(results)
    assert found == [(number, number) for number in range(10, len(found) + 10)]

"""Tasks over pictures: in this process or in several, all of them tried, nothing half done left behind."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neuroc.errors import NeurocError, StorageError
from neuroc.processes import interrupts_ignored

from .main import internal_error, out_of_memory, report, trace_cause
from .options import failure
from .output import remove_temporaries
from .planning import STREAM, Task
from .progress import Progress
from .text import clean, print_json

GROUP = 64  # small files that are coded together, in lock-step where their sizes are equal
SMALL_FILE = 1 << 14  # bytes
TOGETHER = 1 << 20  # pixels of all pictures that wait for each other


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task."""

    task: Task
    record: dict[str, Any] = field(default_factory=dict)  # the JSON of a success
    line: str = ""  # for people
    remarks: tuple[str, ...] = ()
    error: NeurocError | None = None


# Gets tasks and a callback (done, total) in pixels, returns an outcome for each, raises no NeurocError.
Worker = Callable[[Sequence[Task], Callable[[int, int], None]], list[Outcome]]


def attempt(task: Task, action: Callable[[], Any]) -> Any:
    """What ``action`` returns, or the NeurocError, with the name of its file, that it ends in."""
    if task.error is not None:
        return task.error
    try:
        return action()
    except NeurocError as e:
        e.file = e.file or name_of(task)
        return e
    except MemoryError:
        return out_of_memory(name_of(task))
    except BrokenPipeError:
        raise
    except OSError as e:
        return StorageError(e.strerror or str(e), file=name_of(task))
    except Exception as e:  # a bug with one picture does not stop the others
        return internal_error(e, name_of(task))


def name_of(task: Task) -> str:
    """What messages call the input."""
    return "stdin" if task.source == STREAM else task.source


def run_tasks(tasks: list[Task], worker: Worker, *, jobs: int, group: int | None, quiet: bool, json: bool) -> int:
    """Run all tasks in groups of ``group``, print what became of them, return the exit code of the first failure.

    Without ``group`` small files go together and large ones alone.
    """
    todo = [t for t in tasks if not t.skip]
    groups = list(_groups(todo, jobs)) if group is None else [todo[i : i + group] for i in range(0, len(todo), group)]
    outcomes = [_skipped(t) for t in tasks if t.skip]
    for outcome in outcomes:
        _tell(outcome, quiet or json)
    try:
        with Progress(len(todo), quiet=quiet) as progress:
            results = (
                _inline(groups, worker, progress)
                if jobs == 1 or len(groups) <= 1
                else _processes(groups, worker, jobs, progress)
            )
            with contextlib.closing(results):  # on Ctrl-C the workers go before what they left is removed
                for batch in results:
                    progress.clear()
                    for outcome in batch:
                        _tell(outcome, quiet or json)
                    outcomes += batch
    except BaseException:
        remove_temporaries(tasks)
        raise
    place = {(t.source, t.target): i for i, t in enumerate(tasks)}
    outcomes.sort(key=lambda o: place[o.task.source, o.task.target])
    if json:
        print_json([_document(o) for o in outcomes])
    return next((o.error.exit_code for o in outcomes if o.error is not None), 0)


def _groups(tasks: Sequence[Task], jobs: int) -> Iterator[list[Task]]:
    """Neighbouring tasks with small files together, as many as leave work for all ``jobs``."""
    together: list[Task] = []
    most = max(1, min(GROUP, len(tasks) // jobs))
    for task in tasks:
        small = _is_small(task)
        if together and (not small or len(together) == most):
            yield together
            together = []
        together.append(task)
        if not small:
            yield together
            together = []
    if together:
        yield together


def _is_small(task: Task) -> bool:
    if task.data is not None or task.error is not None or task.source == STREAM:
        return False
    try:
        return Path(task.source).stat().st_size <= SMALL_FILE
    except OSError:  # whoever opens it says what is wrong
        return False


def _skipped(task: Task) -> Outcome:
    record = {"input": task.source, "output": task.target, "skipped": True}
    return Outcome(task, record, f"{task.source} -> {task.target}: exists, skipped")


def _document(o: Outcome) -> dict[str, Any]:
    if o.error is None:
        return o.record
    return {"input": o.task.source, "output": o.task.target, "error": failure(o.error), **o.record}


def _tell(outcome: Outcome, quiet: bool) -> None:
    for remark in outcome.remarks if not quiet else ():
        print(f"neuroc: note: {clean(name_of(outcome.task))}: {clean(remark)}", file=sys.stderr)
    if outcome.line and not quiet and outcome.task.target != STREAM:  # a filter in a pipe is silent
        print(clean(outcome.line), flush=True)
    if outcome.error is not None:
        report(outcome.error)


def _inline(groups: list[list[Task]], worker: Worker, progress: Progress) -> Generator[list[Outcome], None, None]:
    for tasks in groups:
        outcomes = worker(tasks, progress.part)
        progress.finished(len(tasks))
        yield outcomes


def _processes(
    groups: list[list[Task]], worker: Worker, jobs: int, progress: Progress
) -> Generator[list[Outcome], None, None]:
    """Outcomes of the groups in order; on any way out the worker processes are gone."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    # spawn: the same on every system, and no lock or thread of this process is copied into a half-working state.
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(min(jobs, len(groups)), mp_context=context)
    try:
        with interrupts_ignored():
            futures = [executor.submit(_in_process, worker, tasks) for tasks in groups]
        for future, tasks in zip(futures, groups, strict=True):
            try:
                outcomes = future.result()
            except BrokenProcessPool:
                executor.shutdown()  # the other workers are killed, too: only then nothing new appears
                remove_temporaries(tasks)
                outcomes = [Outcome(t, error=_lost(t)) for t in tasks]
            progress.finished(len(tasks))
            yield outcomes
        executor.shutdown()
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()
        for process in multiprocessing.active_children():
            process.join(5)
            if process.is_alive():
                process.kill()
                process.join()
        raise


def _lost(task: Task) -> NeurocError:
    error = out_of_memory(name_of(task))
    error.message = "a worker process was killed, probably for want of memory"
    return error


def _in_process(worker: Worker, tasks: Sequence[Task]) -> list[Outcome]:
    """Run in a worker process; causes of errors are shown here because they do not survive the way to the parent."""
    outcomes = worker(tasks, _no_progress)
    for outcome in outcomes:
        if outcome.error is not None:
            trace_cause(outcome.error)
    return outcomes


def _no_progress(done: int, total: int) -> None:
    """A worker process reports whole groups only."""

"""Runs work in parallel, and shows a progress bar with the time that remains."""

from joblib.parallel import get_active_backend
from sklearn.utils.parallel import Parallel


def in_parallel(work, n_jobs):
    """Return the results of delayed calls in order, each once it is there if it can."""
    backend, _ = get_active_backend()  # with "multiprocessing", results come at the end
    is_lazy = getattr(backend, "supports_return_generator", False)
    return Parallel(n_jobs=n_jobs, return_as="generator" if is_lazy else "list")(work)


def start_bar(resources, unit, total, *, on_stderr=False):
    """Return a bar that an ExitStack closes, or None; one on stderr is then erased."""
    import rich
    from rich.console import Console
    from rich.errors import LiveError
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True) if on_stderr else rich.get_console()
    if not console.is_terminal:
        return None
    bar = Progress(
        TextColumn(unit + " {task.completed}/{task.total}"),
        BarColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[logs]}"),
        console=console,
        transient=on_stderr,
    )
    bar.add_task("", total=total, logs="")
    try:
        return resources.enter_context(bar)
    except LiveError:
        return None

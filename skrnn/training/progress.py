"""Reports the progress of training as a progress bar or as lines."""

import contextlib


@contextlib.contextmanager
def reporting(verbose, epochs):
    """Yield a function of epoch (from 1) and figures by name that reports on stdout.

    `verbose=1` shows a bar, or prints a line per tenth of the training if stdout cannot
    show one. `verbose=2` prints a line per epoch.
    """
    with contextlib.ExitStack() as stack:
        bar = _start_bar(stack, epochs) if verbose == 1 else None
        last, not_said = 0, []

        def say():
            for line in not_said:
                print(line, flush=True)
            not_said.clear()

        def report(epoch, figures):
            nonlocal last
            last = epoch
            figures = ", ".join(f"{n} {value:.6g}" for n, value in figures.items())
            if bar is not None:
                bar.update(bar.task_ids[0], completed=epoch, figures=figures)
                return
            not_said[:] = [f"epoch {epoch}/{epochs}: {figures}"]
            if verbose == 2 or (verbose == 1 and _ends_a_tenth(epoch, epochs)):
                say()

        yield report
        if not verbose or last == epochs:
            return
        if bar is None:
            say()
            print(f"Training ended after {last} of {epochs} epochs.", flush=True)
        else:
            bar.update(bar.task_ids[0], total=last)


def _start_bar(stack, epochs):
    """Return a progress bar, or None if it cannot be shown."""
    import rich
    from rich.errors import LiveError
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = rich.get_console()
    if not console.is_terminal:
        return None
    bar = Progress(
        TextColumn("epoch {task.completed}/{task.total}"),
        BarColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[figures]}"),
        console=console,
    )
    bar.add_task("", total=epochs, figures="")
    try:
        return stack.enter_context(bar)
    except LiveError:
        return None


def _ends_a_tenth(epoch, epochs):
    return epoch == epochs or epoch * 10 % epochs < 10

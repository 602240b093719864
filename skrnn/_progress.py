"""A progress bar with the time that remains."""


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

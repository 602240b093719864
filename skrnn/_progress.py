"""A progress bar with the time that remains."""


def start_bar(resources, unit, total):
    """Return a bar that an ExitStack closes, or None if it cannot be shown."""
    import rich
    from rich.errors import LiveError
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = rich.get_console()
    if not console.is_terminal:
        return None
    bar = Progress(
        TextColumn(unit + " {task.completed}/{task.total}"),
        BarColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[logs]}"),
        console=console,
    )
    bar.add_task("", total=total, logs="")
    try:
        return resources.enter_context(bar)
    except LiveError:
        return None

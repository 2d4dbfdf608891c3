import io

from rich.console import Console

from moviemind.supervisor.progress import LiveProgress, Phase, PlainProgress


def test_without_a_terminal_each_change_is_one_line() -> None:
    file = io.StringIO()
    progress = PlainProgress(Console(file=file))

    progress.changed("redis", Phase.STARTING)
    progress.changed("redis", Phase.STARTING, "not listening yet")
    progress.changed("redis", Phase.READY, "127.0.0.1:20003")

    assert [line.split()[2:] for line in file.getvalue().splitlines()] == [
        ["redis", "starting"],
        ["redis", "ready", "127.0.0.1:20003"],
    ]


def test_every_restart_is_reported() -> None:
    file = io.StringIO()
    progress = PlainProgress(Console(file=file))

    progress.changed("redis", Phase.RESTARTING, "in 0.5 s")
    progress.changed("redis", Phase.RESTARTING, "in 1 s")

    assert file.getvalue().count("restarting") == 2


def test_a_terminal_shows_one_row_per_part() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)

    with LiveProgress(console) as progress:
        progress.changed("redis", Phase.STARTING)
        progress.changed("postgres", Phase.STARTING)
        progress.changed("redis", Phase.READY, "127.0.0.1:20003")
        with console.capture() as capture:
            console.print(progress.table())

    rows = [line for line in capture.get().splitlines() if line.strip()]
    assert len(rows) == 2
    assert "127.0.0.1:20003" in rows[0]

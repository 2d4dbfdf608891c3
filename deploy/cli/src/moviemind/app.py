"""The commands, by name."""

import typer

from moviemind.commands import (
    ai,
    bench,
    chaos,
    dead,
    demo,
    doctor,
    generate,
    generated,
    invariants,
    jobs,
    keys,
    migrate,
    read,
    testing,
    trace,
    up,
)

app = typer.Typer(
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def moviemind() -> None:
    """MovieMind on one machine: start it, try it, operate it, test it.

    Begin with `./moviemind demo`, or start the system with `./moviemind up` and talk to it from a second terminal.
    """


app.command()(up.up)
app.command()(demo.demo)
app.command()(read.read)
app.command()(read.search)
app.command()(generate.generate)
app.command()(generate.refresh)
app.add_typer(jobs.app, name="jobs", help="Look at generation and refresh jobs.")
app.add_typer(dead.app, name="dead", help="Look at dead letters, send them again, or purge them.")
app.add_typer(ai.app, name="ai", help="Look at AI calls and what they cost, and stop them.")
app.add_typer(keys.app, name="keys", help="Make, list and revoke the API keys of clients.")
app.command()(trace.trace)
app.command()(doctor.doctor)
app.command()(invariants.invariants)
app.command()(migrate.migrate)
app.command("test")(testing.run_tests)
app.command()(testing.check)
app.command()(chaos.chaos)
app.command()(bench.bench)
app.command()(generated.generated)

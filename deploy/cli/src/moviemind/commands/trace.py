"""`trace`: one job's way through the services, in the terminal."""

from typing import Annotated

import typer

from moviemind.commands.jobs import JobArgument
from moviemind.commands.options import DataDirOption, JsonOption
from moviemind.console import out, print_json
from moviemind.errors import CliError
from moviemind.instance import Target
from moviemind.paths import DataDir
from moviemind.spans import job_trace
from moviemind.waterfall import compacted, waterfall


def trace(
    job_id: JobArgument,
    data_dir: DataDirOption = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Every statement on a line of its own.")] = False,
    json: JsonOption = False,
) -> None:
    """Draw the trace of a job as a waterfall. Reads the span files of the running or last system, or TRACES_DIR."""
    folder = Target(DataDir.of(data_dir)).traces()
    spans = job_trace(folder, job_id)
    if not spans:
        raise CliError(
            f"found no span of job {job_id} in {folder}",
            "Spans arrive a few seconds late, and old ones are removed. Check the id: ./moviemind jobs list",
        )
    if json:
        print_json(sorted(spans, key=lambda span: span.start_ns))
    else:
        out.print(f"trace {spans[0].trace_id}")
        out.print(waterfall(spans if every else compacted(spans), out.width))

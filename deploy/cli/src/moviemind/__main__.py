"""`python -m moviemind`, and what `./moviemind` runs."""

import os
import sys

from rich.text import Text
from typer import Abort
from typer.exceptions import TyperException

from moviemind.app import app
from moviemind.console import err
from moviemind.errors import CliError


def main(arguments: list[str] | None = None) -> None:
    """Run one command, by default the one on the command line.

    Whatever goes wrong is one clear line on stderr, what to do next, and a status other than 0.
    """
    words = sys.argv[1:] if arguments is None else arguments
    try:
        code = app(words or ["--help"], prog_name="moviemind", standalone_mode=False)
    except CliError as error:
        code = _fail(error.message, error.hint, error.exit_code)
    except TyperException as error:
        code = _fail(error.format_message(), "See the words it knows with --help.", error.exit_code)
    except (KeyboardInterrupt, Abort):
        code = 130
    except BrokenPipeError:
        # the reader of our output is gone; Python would complain once more when it flushes at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except Exception as error:
        if os.environ.get("MOVIEMIND_DEBUG"):
            raise
        first = (str(error).splitlines() or [""])[0]
        hint = "This is a defect of MovieMind. MOVIEMIND_DEBUG=1 shows where it happened."
        code = _fail(f"{type(error).__name__}: {first}", hint, 1)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, hint: str, code: int) -> int:
    err.print("[bold red]error:[/]", Text(message), soft_wrap=True)
    if hint:
        err.print(Text(hint), soft_wrap=True)
    return code


if __name__ == "__main__":
    main()

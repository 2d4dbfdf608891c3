"""Options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from shared.entities import EntityKind

DataDirOption = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        envvar="MOVIEMIND_DATA_DIR",
        show_default=False,
        help="Where the system keeps its data. Default: .moviemind in the project.",
    ),
]
UrlOption = Annotated[
    str | None,
    typer.Option("--url", envvar="MOVIEMIND_URL", help="Gateway to talk to. Default: the one that `up` started."),
]
ApiKeyOption = Annotated[
    str | None,
    typer.Option("--api-key", envvar="MOVIEMIND_API_KEY", help="API key. Default: the demo key of the running system."),
]
AdminTokenOption = Annotated[
    str | None,
    typer.Option(
        "--admin-token",
        envvar=["MOVIEMIND_ADMIN_TOKEN", "ADMIN_API_TOKEN"],
        show_envvar=False,
        help="Operator's token (MOVIEMIND_ADMIN_TOKEN). Default: that of the running system.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout, for scripts.")]


class Kind(StrEnum):
    """The four kinds as they are typed."""

    MOVIE = "movie"
    PERSON = "person"
    SERIES = "series"
    SHOW = "show"

    @property
    def entity(self) -> EntityKind:
        return EntityKind({"series": "TV_SERIES", "show": "TV_SHOW"}.get(self.value, self.value.upper()))


KindArgument = Annotated[Kind, typer.Argument(help="What it is.", show_default=False)]
SlugArgument = Annotated[str, typer.Argument(help="For example the-matrix-1999 or keanu-reeves.", show_default=False)]

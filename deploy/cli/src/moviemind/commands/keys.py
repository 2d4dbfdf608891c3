"""`keys`: API keys of the clients."""

import asyncio
from datetime import timedelta
from typing import Annotated

import typer

from moviemind.commands.options import DataDirOption, JsonOption
from moviemind.console import err, moment, out, print_json, print_table
from moviemind.database import database
from moviemind.errors import CliError
from moviemind.instance import Target
from moviemind.paths import DataDir
from shared.clock import SystemClock
from shared.db.keys import create_key, list_keys, revoke_key

app = typer.Typer()


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose key it is.", show_default=False)],
    expires_in_days: Annotated[int | None, typer.Option(min=1, help="Default: it does not expire.")] = None,
    data_dir: DataDirOption = None,
    *,
    public: Annotated[
        bool, typer.Option("--public", help="A key that many people share, for example in a demo page.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Make a key and show it, this once: only its hash is stored."""
    expires_at = SystemClock().now() + timedelta(days=expires_in_days) if expires_in_days else None

    async def work() -> None:
        async with database(Target(DataDir.of(data_dir)).database_url()) as db:
            created = await create_key(db, name, is_public=public, expires_at=expires_at)
        if json:
            print_json({"id": created.id, "name": created.name, "prefix": created.prefix, "key": created.key})
        else:
            out.print(created.key)
            err.print("Keep it: it is not shown again.")

    asyncio.run(work())


@app.command("list")
def list_(data_dir: DataDirOption = None, *, json: JsonOption = False) -> None:
    """Show the keys by their first characters."""

    async def work() -> None:
        async with database(Target(DataDir.of(data_dir)).database_url()) as db:
            keys = await list_keys(db)
        if json:
            print_json(keys)
        else:
            print_table(
                ("ID", "PREFIX", "NAME", "PUBLIC", "CREATED (UTC)", "EXPIRES", "REVOKED"),
                [
                    (
                        str(key.id),
                        key.prefix,
                        key.name,
                        "yes" if key.is_public else "no",
                        moment(key.created_at),
                        moment(key.expires_at),
                        moment(key.revoked_at),
                    )
                    for key in keys
                ],
            )

    asyncio.run(work())


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(metavar="ID_OR_PREFIX", help="As `keys list` shows it.", show_default=False)],
    data_dir: DataDirOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Make a key invalid, at once and for good."""

    async def work() -> None:
        async with database(Target(DataDir.of(data_dir)).database_url()) as db:
            revoked = await revoke_key(db, key)
        if revoked is None:
            raise CliError(f"there is no key {key}", "See them with: ./moviemind keys list")
        print_json(revoked) if json else out.print(f"{revoked.prefix} ({revoked.name}) is revoked.")

    asyncio.run(work())

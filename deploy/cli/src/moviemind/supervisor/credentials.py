"""The random passwords of the embedded servers."""

from pydantic import BaseModel, ConfigDict, ValidationError

from moviemind.errors import CliError
from moviemind.paths import DataDir, unwritable, write_private
from shared.ids import token


class Credentials(BaseModel):
    """Passwords of one data directory. They never appear on a command line, where every user of the machine could read
    them.
    """

    model_config = ConfigDict(frozen=True)

    postgres_admin: str
    postgres: str
    rabbitmq: str
    redis: str


def load_or_create(data: DataDir) -> Credentials:
    """The stored passwords, or new ones in a new data directory. Raises `CliError` when the file cannot be used."""
    try:
        return Credentials.model_validate_json(data.secrets.read_text(encoding="utf-8"))
    except FileNotFoundError:
        fresh = Credentials(postgres_admin=token(), postgres=token(), rabbitmq=token(), redis=token())
        write_private(data.secrets, fresh.model_dump_json(indent=2) + "\n")
        return fresh
    except OSError as error:
        raise unwritable(data.secrets, error) from error
    except ValidationError as error:
        raise CliError(
            f"{data.secrets} is damaged", "Restore it, or start afresh with another --data-dir (the old data stays)."
        ) from error

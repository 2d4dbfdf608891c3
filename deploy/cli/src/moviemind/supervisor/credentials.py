"""The random passwords of the embedded servers, and the operator's token."""

from pydantic import BaseModel, ConfigDict, Field, ValidationError

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
    admin_api_token: str = Field(default_factory=token)


def load_or_create(data: DataDir) -> Credentials:
    """The stored passwords, or new ones in a new data directory; what an older version did not store is added.

    Raises `CliError` when the file cannot be used.
    """
    stored = read(data)
    if stored is not None and "admin_api_token" in stored.model_fields_set:
        return stored
    complete = stored or Credentials(postgres_admin=token(), postgres=token(), rabbitmq=token(), redis=token())
    write_private(data.secrets, complete.model_dump_json(indent=2) + "\n")
    return complete


def read(data: DataDir) -> Credentials | None:
    """The stored passwords; None before the first start. Raises `CliError`."""
    try:
        return Credentials.model_validate_json(data.secrets.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unwritable(data.secrets, error) from error
    except ValidationError as error:
        raise CliError(
            f"{data.secrets} is damaged", "Restore it, or start afresh with another --data-dir (the old data stays)."
        ) from error

"""`python -m embedded_amqp`: what it prints, and how it ends."""

import asyncio
import signal
import socket
from pathlib import Path

import aio_pika
import pytest
from tests.contracts.amqp.brokers import DEADLINE_S
from tests.contracts.amqp.processes import run_to_its_end, running


async def test_it_announces_where_it_listens_without_the_password(tmp_path: Path) -> None:
    async with running("--port", "0") as broker:
        async with await aio_pika.connect(broker.url) as connection:
            assert not connection.is_closed

        assert broker.announced_url == f"amqp://guest@127.0.0.1:{broker.port}/"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_it_cleanly_and_clients_are_told(tmp_path: Path, number: signal.Signals) -> None:
    async with running("--journal", str(tmp_path / "journal.db")) as broker:
        connection = await aio_pika.connect(broker.url)
        told: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
        connection.close_callbacks.add(lambda _, error: told.set_result(error))

        broker.process.send_signal(number)

        async with asyncio.timeout(DEADLINE_S):
            assert "CONNECTION_FORCED" in str(await told)
        _, stderr = await broker.process.communicate()
        assert (broker.process.returncode, stderr) == (0, b"")


async def test_the_password_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("from-a-file\n")

    async with (
        running("--password-file", str(secret), "--user", "me") as broker,
        await aio_pika.connect(f"amqp://me:from-a-file@127.0.0.1:{broker.port}/") as connection,
    ):
        assert not connection.is_closed


async def test_a_port_in_use_is_one_line_and_code_1() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        outcome = await run_to_its_end("--port", str(taken.getsockname()[1]))

    assert (outcome.code, outcome.stdout, outcome.stderr.count("\n")) == (1, "", 1)
    assert "address already in use" in outcome.stderr


async def test_a_file_that_is_no_journal_is_one_line_and_code_1(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"something else entirely" * 100)

    outcome = await run_to_its_end("--journal", str(path))

    assert (outcome.code, outcome.stderr) == (1, f"embedded_amqp: journal {path}: file is not a database\n")


async def test_a_journal_that_cannot_be_opened_is_one_line_and_code_1(tmp_path: Path) -> None:
    outcome = await run_to_its_end("--journal", str(tmp_path / "missing" / "journal.db"))

    assert (outcome.code, outcome.stderr.count("\n")) == (1, 1)


async def test_a_journal_in_use_is_one_line_and_code_1(tmp_path: Path) -> None:
    path = str(tmp_path / "journal.db")
    async with running("--journal", path):
        outcome = await run_to_its_end("--journal", path)

    assert (outcome.code, outcome.stderr) == (1, f"embedded_amqp: journal {path}: database is locked\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "65536"],
        ["--port", "x"],
        ["--memory-limit-mb", "0"],
        ["--nonsense"],
        ["--password-file", "/nowhere"],
    ],
)
async def test_a_wrong_argument_is_one_line_and_code_2(arguments: list[str]) -> None:
    outcome = await run_to_its_end(*arguments)

    assert (outcome.code, outcome.stdout, outcome.stderr.count("\n")) == (2, "", 1)


async def test_it_does_not_run_without_a_password() -> None:
    outcome = await run_to_its_end(password="")

    assert (outcome.code, outcome.stderr.count("\n")) == (2, 1)

from pathlib import Path

import pytest

from moviemind.supervisor.logs import diagnosis, open_log, rotate, tail


def test_a_full_log_moves_aside_while_its_writer_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    with open_log(path) as writer:
        writer.write(b"a" * 100)
        writer.flush()

        rotate(path, max_bytes=50)
        writer.write(b"after")

    assert path.read_bytes() == b"after"
    assert (tmp_path / "x.log.1").read_bytes() == b"a" * 50


def test_a_small_log_stays(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"short")

    rotate(path, max_bytes=50)

    assert path.read_bytes() == b"short"


def test_a_log_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    open_log(tmp_path / "x.log").close()

    assert (tmp_path / "x.log").stat().st_mode & 0o777 == 0o600


def test_tail_gives_the_last_lines_with_content(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("one\n\ntwo\nthree\n\n", encoding="utf-8")

    assert tail(path, 2) == ["two", "three"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("FATAL:  could not write to file: No space left on device", "the disk is full"),
        ("could not bind IPv4 address: Address already in use", "port was taken"),
        ("FATAL:  database files are incompatible with server", "another PostgreSQL version"),
        ("OSError: [Errno 13] Permission denied: '/x'", "not accessible"),
    ],
)
def test_a_known_cause_is_said_in_words_with_what_helps(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "x.log"
    path.write_text(f"{line}\nHINT: something general\n", encoding="utf-8")

    reason, hint = diagnosis(path)

    assert words in reason
    assert hint


def test_an_unknown_cause_is_the_last_line(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("moviemind: DATABASE_URL: must start with postgresql://\n", encoding="utf-8")

    assert diagnosis(path)[0] == "moviemind: DATABASE_URL: must start with postgresql://"


def test_silence_is_said(tmp_path: Path) -> None:
    assert diagnosis(tmp_path / "none.log") == ("it wrote nothing", "")

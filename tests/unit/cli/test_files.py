import json
import os
from pathlib import Path

import pytest

from moviemind.errors import CliError
from moviemind.paths import DataDir, write_private
from moviemind.state import read_state
from moviemind.supervisor.credentials import load_or_create
from moviemind.supervisor.lock import exclusive


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    data = DataDir(tmp_path / "data")
    data.prepare()
    return data


def test_passwords_are_made_once_and_private(data: DataDir) -> None:
    first = load_or_create(data)

    assert load_or_create(data) == first
    assert data.secrets.stat().st_mode & 0o777 == 0o600
    assert len(set(json.loads(data.secrets.read_text(encoding="utf-8")).values())) == 5


def test_what_an_older_version_did_not_store_is_added_once(data: DataDir) -> None:
    older = load_or_create(data).model_dump(exclude={"admin_api_token"})
    data.secrets.write_text(json.dumps(older), encoding="utf-8")

    first = load_or_create(data)

    assert load_or_create(data) == first
    assert first.model_dump(exclude={"admin_api_token"}) == older
    assert len(first.admin_api_token) >= 32


def test_damaged_passwords_are_an_error_and_not_replaced(data: DataDir) -> None:
    data.secrets.write_text("{}", encoding="utf-8")

    with pytest.raises(CliError, match="is damaged"):
        load_or_create(data)

    assert data.secrets.read_text(encoding="utf-8") == "{}"


def test_a_private_file_is_replaced_at_once_even_after_an_interrupted_write(data: DataDir) -> None:
    target = data.root / "x"
    (data.root / "x.partial").write_text("half of an older write", encoding="utf-8")

    write_private(target, "whole")

    assert target.read_text(encoding="utf-8") == "whole"
    assert target.stat().st_mode & 0o777 == 0o600
    assert not (data.root / "x.partial").exists()


def test_nobody_else_may_list_the_data(data: DataDir) -> None:
    assert data.root.stat().st_mode & 0o066 == 0
    assert data.logs.stat().st_mode & 0o077 == 0


def test_a_place_that_cannot_be_written_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(CliError, match=r"cannot write to .*Not a directory") as raised:
        DataDir(tmp_path / "file" / "data").prepare()

    assert "--data-dir" in raised.value.hint


def test_a_nearly_full_disk_is_refused_before_anything_starts(data: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.statvfs(data.root)
    nearly_full = os.statvfs_result((*real[:4], 10, *real[5:]))

    def statvfs(_path: Path) -> os.statvfs_result:
        return nearly_full

    monkeypatch.setattr(os, "statvfs", statvfs)

    with pytest.raises(CliError, match="MB are free"):
        data.require_space()


def test_two_supervisors_on_one_data_directory_are_refused_naming_the_first(data: DataDir) -> None:
    with exclusive(data), pytest.raises(CliError, match=rf"already runs .*\(pid {os.getpid()}\)"), exclusive(data):
        pass


def test_the_lock_is_free_after_use_whatever_the_file_says(data: DataDir) -> None:
    data.lock.write_text("99999999999", encoding="ascii")

    with exclusive(data):
        assert data.lock.read_text(encoding="ascii") == str(os.getpid())
    with exclusive(data):
        pass


@pytest.mark.parametrize("content", ["", "not json", "{}", '{"pid": 1}'])
def test_an_unreadable_state_counts_as_none(data: DataDir, content: str) -> None:
    data.state.write_text(content, encoding="utf-8")

    assert read_state(data.state) is None

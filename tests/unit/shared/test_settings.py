import pytest

from shared.settings import JobSettings, PostgresSettings, ProcessSettings, RabbitSettings, RedisSettings, load
from shared.telemetry.logs import redact


def test_a_missing_variable_ends_the_start_with_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)

    with pytest.raises(SystemExit) as ended:
        load(PostgresSettings)

    assert ended.value.code == 2
    assert capsys.readouterr().err == "moviemind: DATABASE_URL: Field required\n"


@pytest.mark.parametrize(
    ("settings", "variable", "value"),
    [
        (PostgresSettings, "DATABASE_URL", "mysql://root:hunter2@host/db"),
        (RabbitSettings, "RABBITMQ_URL", "http://host"),
        (RedisSettings, "REDIS_URL", "memcached://host"),
        (ProcessSettings, "ENVIRONMENT", "staging"),
        (JobSettings, "JOB_RETRY_LADDER_S", "20,soon"),
        (JobSettings, "JOB_MAX_ATTEMPTS", "0"),
    ],
)
def test_a_bad_variable_is_one_line_without_its_value(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    settings: type[PostgresSettings],
    variable: str,
    value: str,
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(SystemExit):
        load(settings)

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert variable in lines[0]
    assert "hunter2" not in lines[0]


def test_crash_points_can_be_armed_in_tests_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAULTS", "generator.after_call=exit137")
    monkeypatch.setenv("ENVIRONMENT", "production")

    with pytest.raises(SystemExit):
        load(ProcessSettings)

    assert "FAULTS" in capsys.readouterr().err


def test_backoff_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOB_RETRY_LADDER_S", "off")

    assert load(JobSettings).policy.ladder_s == ()


def test_secrets_do_not_show_in_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://mm:hunter2@host/db")

    assert "hunter2" not in repr(load(PostgresSettings))


@pytest.mark.parametrize(
    "value",
    [
        "key mm_abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG used",
        "sk-abcdefghijklmnopqrstuvwx",
        "postgresql://mm:hunter2secret@host/db",
        "GET /3/movie/603?api_key=0123456789abcdef",
        "GET /?i=tt0133093&apikey=0123456789abcdef",
    ],
)
def test_what_looks_like_a_credential_is_not_logged(value: str) -> None:
    event = redact(None, "info", {"event": "x", "detail": value, "authorization": "Bearer abc"})

    assert not any(secret in str(event) for secret in ("abcdefghijklmnopqr", "hunter2", "0123456789abcdef", "Bearer"))

"""Gauges of the whole deployment, reported by the one process that measures them."""

from collections.abc import Iterable, Mapping

from opentelemetry.metrics import CallbackOptions, Meter, Observation

VIOLATIONS = "moviemind.invariant.violations"
OLDEST_DUE_AGE = "moviemind.outbox.oldest_due_age"
OUTBOX_ROWS = "moviemind.outbox.rows"
ACTIVE_JOBS = "moviemind.jobs.active"


class Gauges:
    """What was measured last. Nothing is reported before the first measurement and after `clear`, so no two processes report at a time."""

    def __init__(self, meter: Meter) -> None:
        self._values: dict[str, tuple[Observation, ...]] = {}
        for name, unit, description in (
            (VIOLATIONS, "{violation}", "Violations of an invariant, at the last look at it"),
            (OLDEST_DUE_AGE, "s", "How long the oldest due event has been waiting for the broker"),
            (OUTBOX_ROWS, "{event}", "Events that are not published yet, those not due included"),
            (ACTIVE_JOBS, "{job}", "Jobs that have not ended, by status"),
        ):
            meter.create_observable_gauge(name, [self._reader(name)], unit, description)

    def violations(self, counts: Mapping[str, int]) -> None:
        """Violations by invariant id. What is not in `counts` is not reported."""
        self._values[VIOLATIONS] = tuple(Observation(count, {"invariant": name}) for name, count in counts.items())

    def levels(self, *, outbox_rows: int, oldest_due_age_s: float, active_jobs: Mapping[str, int]) -> None:
        self._values[OUTBOX_ROWS] = (Observation(outbox_rows),)
        self._values[OLDEST_DUE_AGE] = (Observation(oldest_due_age_s),)
        self._values[ACTIVE_JOBS] = tuple(
            Observation(count, {"status": status}) for status, count in active_jobs.items()
        )

    def clear(self) -> None:
        """Another process reports from now on, or nobody knows."""
        self._values.clear()

    def _reader(self, name: str):  # noqa: ANN202 (the type is the parameter of create_observable_gauge)
        def read(_: CallbackOptions) -> Iterable[Observation]:
            return self._values.get(name, ())

        return read

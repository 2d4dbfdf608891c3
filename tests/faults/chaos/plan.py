"""What will be done to the system: every step chosen from the seed before anything starts.

A step takes groups of processes away one after the other, each by the same termination, and brings every group back before the next.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

SERVERS = ("postgres", "rabbitmq", "redis")
INSTANCES: Mapping[str, tuple[str, ...]] = {
    "gateway": ("gateway-1", "gateway-2"),
    "generator": ("generator-1", "generator-2"),
    "tmdb_sync": ("tmdb_sync-1",),
    "cache_invalidator": ("cache_invalidator-1", "cache_invalidator-2"),
}
"""The topology: two of whatever is load-balanced; one tmdb-sync shows what an outage of the only instance does."""
WORKERS = tuple(name for service, names in INSTANCES.items() if service != "gateway" for name in names)
LEASE_S = 5.0
"""Short, so that crashed attempts are taken over soon; long enough to be renewed on a busy machine."""


class Script(StrEnum):
    SIMPLE = "simple"
    RECEIVER_STARTS_LATER = "receiver_starts_later"
    GRACEFUL_SHUTDOWN = "graceful_shutdown"
    ROLLING_RESTART = "rolling_restart"
    KILL_ONE = "kill_one"
    BROKER_RESTART = "broker_restart"
    STORE_RESTART = "store_restart"
    REDIS_RESTART = "redis_restart"


class Termination(StrEnum):
    """`STOP` is a pause that ends with SIGCONT; for PostgreSQL `TERM` is its fast shutdown."""

    KILL = "SIGKILL"
    TERM = "SIGTERM"
    STOP = "SIGSTOP"


_ANY = (Termination.KILL, Termination.TERM, Termination.STOP)
TERMINATIONS: Mapping[Script, tuple[Termination, ...]] = {
    Script.SIMPLE: (),
    Script.RECEIVER_STARTS_LATER: (Termination.KILL, Termination.TERM),
    Script.GRACEFUL_SHUTDOWN: (Termination.TERM,),
    Script.ROLLING_RESTART: (Termination.TERM,),
    Script.KILL_ONE: (Termination.KILL, Termination.STOP),
    Script.BROKER_RESTART: _ANY,
    Script.STORE_RESTART: _ANY,
    Script.REDIS_RESTART: _ANY,
}
"""The terminations that make sense for a script."""
_WEIGHTS: Mapping[Script, float] = {Script.SIMPLE: 0.5, Script.KILL_ONE: 3.0}
_RETURN_S: Mapping[Script, float] = {Script.SIMPLE: 0.0, Script.ROLLING_RESTART: 30.0, Script.BROKER_RESTART: 8.0}
"""About how long it takes until everything is ready again."""


@dataclass(frozen=True, slots=True)
class ProviderFault:
    """The next `times` calls of a provider go wrong; see the sandbox's control API."""

    provider: str
    fault: str
    times: int


@dataclass(frozen=True, slots=True)
class Step:
    """Each of `groups` stays away for `away_s`; then everything is left alone for `calm_s`. `delay_s` is what an AI call takes."""

    script: Script
    termination: Termination | None
    groups: tuple[tuple[str, ...], ...]
    away_s: float
    calm_s: float
    delay_s: float
    faults: tuple[ProviderFault, ...] = ()

    @property
    def about_s(self) -> float:
        """A guess at how long the step takes."""
        return len(self.groups) * self.away_s + _RETURN_S.get(self.script, 4.0) + self.calm_s

    def __str__(self) -> str:
        targets = " then ".join(", ".join(group) for group in self.groups)
        return f"{self.script} {self.termination} {targets} for {self.away_s:.1f} s" if self.groups else self.script


def plan(seed: int, duration_s: float, script: Script | None = None) -> tuple[Step, ...]:
    """Steps that take about `duration_s`; of one `script` only, if given. The same arguments give the same steps."""
    rng = random.Random(f"chaos plan {seed}")
    steps: list[Step] = []
    for chosen in _scripts(rng, script):
        if sum(step.about_s for step in steps) >= duration_s:
            break
        terminations = TERMINATIONS[chosen]
        steps.append(step_of(rng, chosen, rng.choice(terminations) if terminations else None))
    return tuple(steps)


def step_of(rng: random.Random, script: Script, termination: Termination | None, *, hurried: bool = False) -> Step:
    """One step, its targets and times chosen by `rng`; `hurried` makes it as short as the script allows."""
    groups, faults = _groups(rng, script), _faults(rng)
    if termination is Termination.STOP:
        away_s = LEASE_S + 1.0 if hurried else rng.choice((rng.uniform(1.0, LEASE_S), rng.uniform(LEASE_S, 15.0)))
    else:
        away_s = 0.5 if hurried else rng.uniform(0.0, 4.0)
    if script is Script.ROLLING_RESTART or not groups:
        away_s = 0.0
    calm_s, delay_s = (1.0, 0.3) if hurried else (rng.uniform(2.0, 6.0), rng.uniform(0.2, 2.0))
    return Step(script, termination, groups, away_s, calm_s, delay_s, faults)


def _scripts(rng: random.Random, only: Script | None) -> Iterator[Script]:
    """Every script once in random order, then by weight for ever."""
    if only is not None:
        while True:
            yield only
    every = list(Script)
    yield from rng.sample(every, len(every))
    weights = [_WEIGHTS.get(script, 1.0) for script in every]
    while True:
        yield rng.choices(every, weights)[0]


def _groups(rng: random.Random, script: Script) -> tuple[tuple[str, ...], ...]:
    match script:
        case Script.SIMPLE:
            return ()
        case Script.RECEIVER_STARTS_LATER:
            return (WORKERS,)
        case Script.GRACEFUL_SHUTDOWN:
            return (INSTANCES[rng.choice(list(INSTANCES))],)
        case Script.ROLLING_RESTART:
            return tuple((name,) for names in INSTANCES.values() for name in names)
        case Script.KILL_ONE:
            return ((rng.choice(INSTANCES[rng.choice(list(INSTANCES))]),),)
        case Script.BROKER_RESTART:
            return (("rabbitmq",),)
        case Script.STORE_RESTART:
            return (("postgres",),)
        case Script.REDIS_RESTART:
            return (("redis",),)


def _faults(rng: random.Random) -> tuple[ProviderFault, ...]:
    """Mostly none or one; about one call in thirty goes wrong."""
    kinds = [("openai", kind) for kind in ("throttle", "error", "reset", "drip", "malformed")]
    kinds += [("tmdb", kind) for kind in ("throttle", "error", "reset")]
    chosen = rng.sample(kinds, rng.choice((0, 1, 1, 2)))
    return tuple(ProviderFault(provider, kind, rng.randint(1, 3)) for provider, kind in chosen)

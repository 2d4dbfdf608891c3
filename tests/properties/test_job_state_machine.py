"""Thousands of interleavings of what can happen to jobs, with the invariants checked after every step.

Not among them: Redis forgetting an announced version while a reader is between its read and its fill, for which there is no promise.
"""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from tests.properties import invariants
from tests.properties.bodies import WANTED
from tests.properties.clients import Again, Clients, Look, Request, Wish
from tests.properties.provider import Mood
from tests.properties.services import POLICY
from tests.properties.stepping import FOR_EVER
from tests.properties.tally import TALLY
from tests.properties.world import World

from gateway.usecases.read_entity import Asked
from shared.entities import ContextTag, EntityKind
from shared.faults import CRASH_POINTS, Mode, arm, modes
from shared.topology import GENERATION_REQUESTS

ANY = st.integers(0, 11)
"""Which one of several, modulo their number."""
LATEST = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 4, 5])
"""Which one of several, counted back from the latest."""
MATRIX, SPELLED, HEAT, UNKNOWN = "the-matrix-1999", "the-matrix", "heat-1995", "no-such-film-1999"
WISHES = st.builds(
    Wish,
    caller=st.sampled_from(["ann", "bob"]),
    slug=st.sampled_from([*[MATRIX] * 6, SPELLED, SPELLED, HEAT, UNKNOWN]),
    tag=st.sampled_from([None, ContextTag.DEFAULT, ContextTag.MODERN]),
    force=st.booleans(),
    key=st.sampled_from([None, "key-1", "key-2"]),
)
POSTS = st.one_of(WISHES, WISHES, st.builds(Again, LATEST))
READS = st.builds(Asked, st.just(EntityKind.MOVIE), st.sampled_from([MATRIX, MATRIX, SPELLED]), st.sampled_from(WANTED))
LOOKS = st.builds(Look, LATEST, st.sampled_from([None, None, None, "ann", "bob"]))
MOODS = st.lists(st.sampled_from([Mood.TEXT] * 6 + [Mood.NONSENSE] * 2 + list(Mood)), max_size=3)
TURNS, FEW_TURNS = (st.sampled_from([*[FOR_EVER] * most, *range(1, most)]) for most in (12, 4))
"""How many effects a handler has before something else happens: all of them, or not even those of a whole attempt or request."""
SECONDS = st.sampled_from([1.0, 5.0, 11.0, 11.0, 31.0, 31.0, 120.0])
POINTS = sorted(point for point in CRASH_POINTS if not point.startswith("sync."))


def faults(*services: str) -> st.SearchStrategy[str]:
    """Mostly nothing, else a crash or a lost answer at one of the points of `services`, at its next pass."""
    survivable = {Mode.RAISE, Mode.EXECUTE_THEN_RAISE}
    points = [point for point in POINTS if point.startswith(services)]
    found = [f"{point}={mode}" for point in points for mode in modes(point) if mode in survivable]
    return st.sampled_from([*[""] * 4 * len(found), *found])


WORK_FAULTS = faults("consumer", "generator", "invalidator")


class JobMachine(RuleBasedStateMachine):
    """Whatever happens in whatever order: nothing is lost, doubled, overtaken or shown stale."""

    def __init__(self) -> None:
        super().__init__()
        arm("")
        self.world = World()
        self.clients = Clients(self.world)
        TALLY.examples += 1

    @rule(gateway=ANY, posted=POSTS, turns=FEW_TURNS, fault=faults("gateway"))
    def post(self, gateway: int, posted: Request, turns: int, fault: str) -> None:
        arm(fault)
        self.clients.ask(self.world.gateways[gateway % 2], posted, turns)

    @rule(gateway=ANY, asked=READS, turns=FEW_TURNS)
    def read(self, gateway: int, asked: Asked, turns: int) -> None:
        self.clients.ask(self.world.gateways[gateway % 2], asked, turns)

    @rule(gateway=ANY, look=LOOKS, turns=FEW_TURNS)
    def poll_or_cancel(self, gateway: int, look: Look, turns: int) -> None:
        self.clients.ask(self.world.gateways[gateway % 2], look, turns)

    @precondition(lambda self: self.world.due)
    @rule(fault=faults("relay"))
    def relay(self, fault: str) -> None:
        arm(fault)
        self.world.publish()

    @rule(wish=WISHES, worker=ANY, message=ANY, turns=TURNS, moods=MOODS, fault=WORK_FAULTS)
    def work(self, wish: Wish, worker: int, message: int, turns: int, moods: list[Mood], fault: str) -> None:
        """Any worker takes any message: queues keep no order that anybody relies on. When there is none, somebody asks for something."""
        arm("")
        if not self.world.ready(self.world.workers):
            self.clients.ask(self.world.gateways[0], wish, FOR_EVER)
            self.world.publish()
        ready = self.world.ready(self.world.workers)
        if ready:
            arm(fault)
            self.world.provider.moods = moods
            chosen = ready[worker % len(ready)]
            self.world.take(chosen, message % len(self.world.broker.queues[chosen.queue]), turns)

    @precondition(lambda self: self.world.ready(self.world.workers))
    @rule(worker=ANY, message=ANY)
    def duplicate(self, worker: int, message: int) -> None:
        ready = self.world.ready(self.world.workers)
        queue = self.world.broker.queues[ready[worker % len(ready)].queue]
        queue.append(queue[message % len(queue)])

    @precondition(lambda self: self.world.paused)
    @rule(which=ANY, turns=TURNS, latest_first=st.booleans())
    def go_on(self, which: int, turns: int, *, latest_first: bool) -> None:
        paused = self.world.paused
        self.world.go_on(paused[which % len(paused)], turns, latest_first=latest_first)

    @precondition(lambda self: self.world.paused)
    @rule(which=ANY)
    def crash(self, which: int) -> None:
        """A process is gone with everything that it was in the middle of."""
        self.world.crash(self.world.processes[which % len(self.world.processes)])

    @precondition(lambda self: not self.world.at_rest)
    @rule(seconds=SECONDS, sweep=st.booleans(), redis_leaves=st.sampled_from([False] * 7 + [True]))
    def pass_time(self, seconds: float, *, sweep: bool, redis_leaves: bool) -> None:
        """Backoffs and leases end; whoever has turns left renews first. Redis comes back, or goes away with what it kept."""
        arm("")
        self.world.pass_time(seconds)
        if sweep:
            self.world.sweep_once()
            invariants.nothing_is_overdue(self.world)
        if not self.world.somebody_reads:
            self.world.cache.away = redis_leaves and not self.world.cache.away
        if self.world.cache.away:
            self.world.cache.forget()

    @precondition(lambda self: self.world.paused)
    @rule(worker=ANY, turns=TURNS)
    def expire_leases(self, worker: int, turns: int) -> None:
        """Who stands still loses its job to somebody who may come to a stand as well."""
        arm("")
        self.world.pass_time(POLICY.lease_s + 1)
        self.world.sweep_once()
        self.world.publish()
        ready = self.world.ready(self.world.generators)
        if ready:
            self.world.take(ready[worker % len(ready)], 0, turns)

    @rule(wish=WISHES)
    def flow(self, wish: Wish) -> None:
        """Somebody asks for something, and nothing holds anything up for a while."""
        arm("")
        self.clients.ask(self.world.gateways[1], wish, FOR_EVER)
        self.world.flow()

    @precondition(lambda self: self.world.broker.queues[GENERATION_REQUESTS.name])
    @rule()
    def lose_requests(self) -> None:
        self.world.lose_requests()

    @invariant()
    def everything_holds(self) -> None:
        TALLY.steps += 1
        self._look()

    def _look(self) -> None:
        self.clients.hear()
        self.world.attend()
        for holds in invariants.STEADY:
            holds(self.world, self.clients)

    def teardown(self) -> None:
        """Heal everything, deliver everything: then each job has ended, and everybody sees the same."""
        arm("")
        try:
            self.world.heal()
            for _ in range(200):
                self._look()
                if self.world.at_rest:
                    break
                self.world.flow()
                self._look()
                self.world.sweep_once()
                self.world.pass_time(5.0)
            invariants.at_rest(self.world)
            TALLY.ended.update(job.status for job in self.world.database.jobs.values())
        finally:
            self.world.close()


@pytest.mark.timeout(900)  # to find the shortest way to a failure takes Hypothesis up to five minutes on a free machine
def test_no_interleaving_breaks_an_invariant() -> None:
    run_state_machine_as_test(
        JobMachine,
        settings=settings(
            max_examples=800,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],  # one example is up to fifty steps, each a whole handler
        ),
    )

    assert len(TALLY.points) > len(POINTS) / 2
    assert {"DONE", "FAILED", "CANCELLED"} <= set(TALLY.ended)

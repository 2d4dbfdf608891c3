"""The invariants of the system, each written once over what is stored. Numbers as in the fault matrix."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from uuid import UUID

from tests.properties.bodies import fresh_body, version_of
from tests.properties.clients import Clients
from tests.properties.world import World

from shared.events import GenerationCompleted
from shared.jobs import TRANSITIONS, JobStatus
from shared.testing.rows import EntityRow, JobRow, TextRow


def i1_no_acceptance_is_lost(world: World, clients: Clients) -> None:
    """Whatever is not finished is on its way, or somebody has a lease on it, or the sweep will see that its message is gone."""
    for job in active(world):
        sent = any(event_id == job.event_id for event_id, _ in world.database.outbox)
        on_its_way = sent or world.broker.holds(str(job.event_id)) or job.event_id in world.lost
        assert on_its_way or job.lease_token is not None, f"I1: nobody will work on {job}"
    assert clients.promised <= world.database.jobs.keys(), "I1: an accepted job is not stored"


def i2_one_effect_per_job(world: World, _clients: Clients) -> None:
    """A job leaves at most one text, ends at most once, and says so at most once."""
    texts = Counter(text.job_id for text in world.database.texts.values() if text.job_id is not None)
    ends = Counter(step.job_id for step in world.database.transitions if step.to_status.terminal)
    said = Counter(event.job_id for event in world.database.events if isinstance(event, GenerationCompleted))
    for counted in (texts, ends, said):
        assert max(counted.values(), default=0) <= 1, f"I2: a job has two effects: {counted}"
    for job_id in texts:
        assert world.database.jobs[job_id].status is JobStatus.DONE, "I2: a text without its job"


def i3_one_job_per_key_and_identity(world: World, _clients: Clients) -> None:
    """Of an identity there is one active job. That a key means the same jobs is checked whenever a client is answered."""
    identities = Counter(job.dedupe_key for job in active(world))
    assert max(identities.values(), default=0) <= 1, "I3: two active jobs of one identity"


def i4_terminal_is_final(world: World, _clients: Clients) -> None:
    """Every change of status is in the transition table, and the last one is the stored status."""
    last: dict[UUID, JobStatus] = {}
    for step in world.database.transitions:
        before = last.get(step.job_id)
        assert step.from_status is before, f"I4: {step} does not continue from {before}"
        assert before is None or step.to_status in TRANSITIONS[before], f"I4: {step}"
        last[step.job_id] = step.to_status
    assert last == {job.id: job.status for job in world.database.jobs.values()}, "I4: a status without a transition"


def i5_versions_move_forward(world: World, _clients: Clients) -> None:
    """The current text of a slot is the one accepted last, and the default moved only as its baselines allow."""
    slots: defaultdict[object, list[TextRow]] = defaultdict(list)
    for text in world.database.texts.values():
        slots[text.slot].append(text)
    for texts in slots.values():
        newest = max(texts, key=lambda text: text.accepted_seq)
        assert [text for text in texts if text.current] == [newest], f"I5: an older text replaced {newest}"
    for entity in world.database.entities.values():
        own = [text for text in world.database.texts.values() if text.entity_id == entity.id]
        written = [(text, world.database.jobs[text.job_id]) for text in own if text.job_id is not None]
        baselines = {text.id: job.baseline_text_id for text, job in written if _became_default(job, text)}
        promoted = [text for text in own if text.id in baselines]
        for before, after in zip([None, *promoted], promoted, strict=False):
            baseline = baselines[after.id]
            replaced = before is None or before.id == baseline or before.slot == after.slot
            assert replaced, f"I5: {after.id} became the default although its job had seen {baseline}"
        if promoted:
            assert entity.default_text_id == promoted[-1].id, "I5: the default is not the one promoted last"
            assert promoted[-1].current, "I5: the default is archived"


def i8_calls_are_bounded(world: World, _clients: Clients) -> None:
    """G3, by the journal and by the provider's own ledger."""
    counted = Counter(call.job_id for call in world.database.calls.values() if call.outcome != "throttled")
    for job_id, calls in (counted | world.provider.billed).items():
        allowed = world.database.jobs[job_id].max_attempts
        assert calls <= allowed, f"I8: {calls} calls for {job_id}, allowed are {allowed}"


def f36_a_lost_attempt_does_nothing(world: World, _clients: Clients) -> None:
    """A call that began since the last look is of the attempt that has the job; the next attempt cannot have begun meanwhile as well."""
    calls = list(world.database.calls.values())
    for call in calls[world.calls_seen :]:
        job = world.database.jobs[call.job_id]
        assert call.attempt >= job.attempt, (
            f"F36: attempt {call.attempt} made a call although {job.attempt} has the job"
        )
    world.calls_seen = len(calls)


def i9_the_cache_tells_the_truth(world: World, clients: Clients) -> None:
    """No cached body is older than what anybody was told of or than an acknowledged invalidation, and none is false."""
    for slug, variant, body, entity in _cached(world):
        version, floor = version_of(body), clients.known(slug)
        assert floor <= version <= entity.version, f"I9: {slug} is cached at {version}, known is {floor}"
        if version == entity.version:
            assert body == fresh_body(world.database, entity, variant), f"I9: {slug} is cached wrong"


def no_handler_has_a_bug(world: World, _clients: Clients) -> None:
    """The pipeline turns bugs into failed attempts and dead letters; here they are to be seen."""
    errors = [job.error.technical_message for job in world.database.jobs.values() if job.error is not None]
    assert not [error for error in errors if "while handling" in error], f"a handler crashed: {errors}"
    assert "handler-crashed" not in {letter.reason for letter in world.database.dead_letters}


STEADY: tuple[Callable[[World, Clients], None], ...] = (
    i1_no_acceptance_is_lost,
    i2_one_effect_per_job,
    i3_one_job_per_key_and_identity,
    i4_terminal_is_final,
    i5_versions_move_forward,
    i8_calls_are_bounded,
    f36_a_lost_attempt_does_nothing,
    i9_the_cache_tells_the_truth,
    no_handler_has_a_bug,
)
"""What holds after every step."""


def nothing_is_overdue(world: World) -> None:
    """I1, right after a sweep: nobody waits past the deadline."""
    now = world.clock.now()
    assert not [job for job in active(world) if job.deadline_at <= now], "I1: a job outlived its deadline and a sweep"


def at_rest(world: World) -> None:
    """What holds once everything has been delivered: G1, G2 and the strict half of I9."""
    assert not active(world), "G1: an accepted job did not end"
    for job in world.database.jobs.values():
        assert (job.result is not None) == (job.status is JobStatus.DONE), f"G2: {job}"
        if job.result is not None:
            assert job.result.text_id in world.database.texts, f"G2: {job} has no effect"
        assert (job.error is not None) or job.status is not JobStatus.FAILED, f"G1: {job} failed for no reason"
    for slug, variant, body, entity in _cached(world):
        assert body == fresh_body(world.database, entity, variant), f"I9: {slug} is cached as it was once"


def active(world: World) -> list[JobRow]:
    return [job for job in world.database.jobs.values() if not job.status.terminal]


def _cached(world: World) -> Iterator[tuple[str, str, bytes, EntityRow]]:
    """Slug, variant and body of whatever is cached, and the entity that it shows."""
    named = {(row.facts.kind, row.slug): row for row in world.database.entities.values()}
    for name, bodies in world.cache.bodies.items():
        for variant, cached in bodies.items():
            yield name[1], variant, cached.body, named[name]


def _became_default(job: JobRow, text: TextRow) -> bool:
    result = job.result
    return result is not None and result.text_id == text.id and bool(result.became_default)

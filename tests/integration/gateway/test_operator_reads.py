from tests.integration.gateway.world import MATRIX, World

from shared.db.jobs_read import list_jobs
from shared.jobs import Failure, FailureType, JobStatus


async def test_jobs_are_listed_newest_first_and_by_status(world: World) -> None:
    failed = await world.accepted()
    failure = Failure(type=FailureType.TIMEOUT, technical_message="late")
    await world.fail(failed, failure)
    waiting = await world.accepted({**MATRIX, "locale": "pl-PL"})

    everything = await list_jobs(world.database)
    only_failed = await list_jobs(world.database, status="failed")

    assert [job.id for job in everything] == [waiting, failed]
    assert [(job.id, job.status, job.error) for job in only_failed] == [(failed, JobStatus.FAILED, failure)]
    assert len(await list_jobs(world.database, limit=1)) == 1

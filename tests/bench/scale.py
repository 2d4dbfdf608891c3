"""How long and how much: the sizes of a full run, a quick one, and one that only shows that everything works."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """`seconds` per measurement after `warm_up_s`; `jobs` per drain, `timed_jobs` one at a time.

    `in_process` asks for whole jobs with a model in process too, besides the one over HTTP.
    `questions` of each kind are asked of libraries of `catalogues` entities.
    The texts of `films` are written in every form and locale.
    `quiet_s` without any change, with an empty queue, count as the end of all work: longer than the sweep waits between two looks.
    """

    rounds: int
    seconds: float
    warm_up_s: float
    jobs: int
    timed_jobs: int
    relay_rows: int
    backlog_rows: int
    kills: int
    connections: int = 32
    processes: tuple[int, ...] = (1, 2, 4)
    latencies_s: tuple[float, ...] = (0.0, 0.05)
    quiet_s: float = 6.0
    in_process: bool = True
    catalogues: tuple[int, ...] = (1_000, 10_000, 100_000)
    questions: int = 200
    films: int = 8


FULL = Scale(5, 5.0, 1.0, 3000, 200, 20_000, 100_000, 5)
QUICK = Scale(3, 2.0, 0.5, 1000, 60, 5_000, 20_000, 2, catalogues=(1_000, 10_000), questions=60, films=4)
TINY = Scale(
    1,
    0.3,
    0.1,
    20,
    3,
    100,
    200,
    1,
    connections=4,
    processes=(1, 2),
    latencies_s=(0.05,),
    quiet_s=1.0,
    in_process=False,
    catalogues=(200, 400),
    questions=5,
    films=1,
)

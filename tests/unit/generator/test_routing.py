from uuid import UUID

import pytest

from generator.routing import ModelRoutes
from shared import ids
from shared.entities import SHORT_FORMS, Form


def test_without_another_model_every_job_asks_the_main_one() -> None:
    routes = ModelRoutes("main")

    assert {routes(ids.job_id(), form) for form in Form} == {"main"}
    assert routes.models == ("main",)


@pytest.mark.parametrize("form", [form for form in Form if form not in SHORT_FORMS])
def test_a_percentage_of_the_jobs_tries_the_candidate_and_a_retry_asks_the_same_model(form: Form) -> None:
    routes = ModelRoutes("main", candidate="new", candidate_percent=20)
    jobs = [UUID(int=number) for number in range(1000)]

    asked = [routes(job, form) for job in jobs]

    assert asked.count("new") == 200
    assert asked == [routes(job, form) for job in jobs]


def test_short_texts_have_a_model_of_their_own() -> None:
    routes = ModelRoutes("main", short="cheap", candidate="new", candidate_percent=100)

    assert {form: routes(ids.job_id(), form) for form in Form} == {
        Form.DESCRIPTION: "new", Form.BIO: "new", Form.SUMMARY: "cheap", Form.TAGLINE: "cheap",
    }  # fmt: skip


def test_a_candidate_for_no_job_is_no_model_that_is_asked() -> None:
    assert ModelRoutes("main", candidate="new").models == ("main",)
    assert ModelRoutes("main", short="main", candidate="new", candidate_percent=1).models == ("main", "new")

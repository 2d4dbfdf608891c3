"""Every link in every answer leads somewhere: from the welcome on, through all that is stored."""

import pytest
from tests.contracts.http.contract import Contract, published
from tests.contracts.http.crawler import Crawl
from tests.contracts.http.library import FORMER, Library

AT_MOST = 3000
START = (
    "/",
    f"/api/v1/movies/{FORMER}",
    "/api/v1/movies/dune",
    "/api/v1/movies/heat",
    "/api/v1/movies/the-matrics-1999",
    "/api/v1/people/laurence-fishburne?locale=pl-PL",
    "/api/v1/tv-series/the-office",
    "/api/v1/tv-shows/top-gear",
    *(f"/api/v1/{path}/search?q={q}&per_page=2&page=1" for path, q in (("movies", "matrix"), ("people", "keanu"))),
    "/api/v1/movies/the-matrix-reloaded-2003/collection",
    "/api/v1/movies/compare?slug1=the-matrix-1999&slug2=dune-2021",
    *(f"/api/v1/{path}?per_page=2&sort=created_at&order=asc" for path in ("movies", "tv-series", "tv-shows")),
)
"""The welcome, and what nothing links to: a former slug, several titles of one name, a misspelling, searches, short pages, and
what compares or collects."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_link_is_broken(filled: Library) -> None:
    with filled.client(X_API_Key=filled.fleet.key) as http:
        crawl = Crawl(http, published(), AT_MOST)
        crawl.run([*START, f"/api/v1/jobs/{filled.failed_job}"])

    assert not crawl.broken, "\n".join(crawl.broken)
    assert crawl.reached.total() < AT_MOST
    assert not _linked(crawl.contract) - crawl.reached.keys()


def _linked(contract: Contract) -> set[str]:
    """The published operations that answers lead to."""
    return {
        operation["operationId"]
        for path, operations in contract.document["paths"].items()
        for operation in operations.values()
        if not path.startswith(("/api/v1/admin/", "/health/live"))
        and not path.endswith(("/bulk", "/search", "/compare", "/collection"))
    }

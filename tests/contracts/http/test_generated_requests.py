"""No request that can be made from the contract, valid or not, gets an answer that the contract does not state."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.contracts.http.library import ADMIN_TOKEN, Library

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
EXAMPLES_COVERAGE_FUZZING = "examples,coverage,fuzzing"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_answer_to_a_generated_request_is_as_published(filled: Library) -> None:
    ids = {"job_id": [filled.failed_job, *filled.jobs], "letter_id": filled.letters}
    environment = os.environ | {
        "GATEWAY": filled.url,
        "API_KEY": filled.fleet.key,
        "ADMIN_TOKEN": ADMIN_TOKEN,
        "IDS": json.dumps(ids),
        "PYTHONPATH": str(ROOT),
    }
    command = ["-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"), "run", "--checks", "all"]
    options = ["--phases", EXAMPLES_COVERAGE_FUZZING, "--no-color", f"{filled.url}/openapi.json"]

    run = subprocess.run(
        [sys.executable, *command, *options], env=environment, capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stdout + run.stderr

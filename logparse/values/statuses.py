"""Statuses of invocations by those of their builds."""

from __future__ import annotations

from typing import Final

#: The status of an invocation whose build has ended so.
OF_ENDED_BUILD: Final = {
    "SUCCESS": "SUCCEEDED",
    "FAILURE": "FAILED",
    "INFRA_FAILURE": "FAILED",
    "CANCELED": "ABORTED",
}
#: The same for any status of a build.
OF_BUILD: Final = {**OF_ENDED_BUILD, "SCHEDULED": "RUNNING", "STARTED": "RUNNING"}

"""Buildbucket's and Swarming's JSON, in both dialects, as records.

The modules, from the lowest: `payloads` decodes JSON within limits, `values` reads one JSON value, `fields`
is the table of a build's fields, `builds` reads builds by it, `requests` and `swarming` read the other
payloads of a log, `scan` finds the end of broken JSON, `files` reads files of builds.
"""

from logparse.buildbucket.builds import (
    answer_clock_us,
    answer_updated_us,
    is_build,
    read_build,
)
from logparse.buildbucket.fields import FIELDS, Field, status_in_v2
from logparse.buildbucket.files import builds_in, read_builds
from logparse.buildbucket.payloads import (
    MAX_NESTING,
    Json,
    Payload,
    decode_payload,
    is_too_deep,
    without_halves,
)
from logparse.buildbucket.requests import Request, read_request
from logparse.buildbucket.swarming import read_swarming_task

__all__ = [
    "FIELDS",
    "MAX_NESTING",
    "Field",
    "Json",
    "Payload",
    "Request",
    "answer_clock_us",
    "answer_updated_us",
    "builds_in",
    "decode_payload",
    "is_build",
    "is_too_deep",
    "read_build",
    "read_builds",
    "read_request",
    "read_swarming_task",
    "status_in_v2",
    "without_halves",
]

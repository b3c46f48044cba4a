"""The two texts that generated pages follow, cut at their entries, with slots for what changes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LOGS: Final = Path(__file__).parent.parent / "data" / "logs"
V1_MODEL: Final = LOGS / "win_xfa_component-9028843112359765808.txt"
V2_MODEL: Final = LOGS / "v2-2021-06" / "success_html_user.log"

_SLOT: Final = re.compile(r"«(\w+)»")


class Template:
    """A text with slots such as «builder».

    Parameters
    ----------
    text
        The model's text.
    slots
        For each literal of the model the name of the slot that takes its place, longest literal first.
    """

    def __init__(self, text: str, slots: Mapping[str, str]) -> None:
        for literal, name in slots.items():
            text = text.replace(literal, f"«{name}»")
        parts = _SLOT.split(text)
        self._texts, self._names = parts[::2], parts[1::2]

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the text with a value in each slot."""
        filled = [text + values[name] for text, name in zip(self._texts, self._names, strict=False)]
        return "".join(filled) + self._texts[-1]


@dataclass(frozen=True)
class Model:
    """The parts of a model that do not depend on how long a build takes."""

    head: Template
    before: Template  #: entries up to the request's, each with a slot for its clock
    response: Template
    build: Template


_V1_SLOTS: Final = {
    "9028843112359765808": "invocation",
    "8863413050310585040": "build",
    "luci-flex-ci-win10-2-8q8g": "bot",
    "win_xfa_component": "builder",
    "4fed4cb11ed18c10": "task",
    '"buildnumber\\": 2079': "buildnumber",
    "/2079": "address",
    "SUCCEEDED": "status",
    "21 minutes": "minutes",
    '"result": "SUCCESS"': "result",
    "1605587640426630": "created",
    "1605587641745783": "answered",
    "1605587641746389": "answered",
    "1605587642118506": "answered",
    "1605587644749921": "started",
    "1605588900591893": "completed",
    "1605588901081711": "changed",
    "1605588901105585": "changed",
    "1605588901561103": "changed",
    "[04:33:59.106]": "queued_clock",
    "[04:34:00.203]": "launched_clock",
    "[04:34:00.249]": "prepared_clock",
    "[04:34:02.132]": "answered_clock",
    "[04:55:01.580]": "finished_clock",
}
_V2_SLOTS: Final = {
    "9007558568363422096": "invocation",
    "8842128505328467488": "build",
    "core.arm64-asan": "builder",
    "19219": "number",
    "2021-07-10T03:02:44.303272Z": "created",
    "2021-07-10T03:02:44.303275Z": "created",
    "2021-07-10T03:03:01.440272Z": "started",
    "2021-07-10T03:26:11.750585Z": "completed",
    '"SUCCESS"': "result",
    "[03:02:42.034]": "queued_clock",
    "[03:02:43.104]": "launched_clock",
    "[03:02:44.065]": "prepared_clock",
    "[03:02:44.312]": "answered_clock",
    "[03:26:13.383]": "finished_clock",
}


def load_model(dialect: str) -> Model:
    """Read the model of a dialect, ``v1`` or ``v2``, and cut it at its entries."""
    if dialect == "v1":
        text, slots = V1_MODEL.read_text("utf-8"), _V1_SLOTS
        response, build = "Buildbucket response:", "Buildbucket build:"
    else:
        text, slots = V2_MODEL.read_text("utf-8"), _V2_SLOTS
        response, build = "Scheduled build:", "Build:\n"
    clock_size = len("[03:26:13.383] ")
    first = re.search(r"^\[", text, re.MULTILINE)
    assert first is not None
    start = text.index(response) - clock_size
    end = text.index("[", text.index("Task URL: "))
    final = text.index(build) - clock_size
    finish = text.index("[", text.index("\n}\n", final))
    pieces = text[: first.start()], text[first.start() : start], text[start:end], text[final:finish]
    return Model(*(Template(piece, slots) for piece in pieces))

"""Rows of one column of each type, with values that are hard to write and to read back."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import strategies as st

from logparse.columns import Column

COLUMNS = [Column(name, name, "") for name in ("text", "int", "float", "bool", "time", "json")]
#: NUL is written as its symbol; a lone half of a surrogate pair is in no text of a log.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
ODD = st.text(st.sampled_from("'=+-@\t\r\n\", ;\uff1d\u00a0\ufeff\u2028a1"), max_size=6)
VALUES = {
    "text": TEXTS | ODD,
    "int": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "bool": st.booleans(),
    "time": st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
    "json": st.dictionaries(TEXTS, st.integers(0, 9) | TEXTS | st.none(), max_size=3).map(
        lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    ),
}
ROWS = st.lists(st.fixed_dictionaries({name: st.none() | values for name, values in VALUES.items()}))

"""Specifications of health: which values of a builder are a problem, and for how many days.

The form of files is that of Chromium's ``health-specs.json``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from logparse.errors import InputError

_MOST_BYTES: Final = 32 << 20
_MOST_DAYS: Final = 3_660
_REMEDY: Final = "see Chromium's health-specs.json for the form"
#: The projects whose builders are judged by the shorter defaults.
_CHROMIUM: Final = frozenset({"chromium", "chrome"})
#: The metric of each threshold of a file.
_METRICS: Final = {
    ("fail_rate", "average"): "fail_rate",
    ("infra_fail_rate", "average"): "infra_fail_rate",
    ("pending_time", "p50_mins"): "pending_p50_mins",
    ("pending_time", "p95_mins"): "pending_p95_mins",
    ("build_time", "p50_mins"): "build_p50_mins",
    ("build_time", "p95_mins"): "build_p95_mins",
}


@dataclass(frozen=True, slots=True)
class Spec:
    """One kind of problem.

    Attributes
    ----------
    name, score:
        Of the problem. A builder with a higher score is worse.
    period_days:
        For how many business days.
    thresholds:
        The value of each metric above which a day is bad.
    contact:
        Whom to write to.
    """

    name: str
    score: int
    period_days: int
    thresholds: Mapping[str, float]
    contact: str | None = None


_UNHEALTHY: Final = Spec(
    "Unhealthy", 5, 7, {"infra_fail_rate": 0.05, "fail_rate": 0.2, "pending_p50_mins": 20.0}
)
_UNHEALTHY_ELSEWHERE: Final = replace(
    _UNHEALTHY, period_days=14, thresholds={**_UNHEALTHY.thresholds, "pending_p50_mins": 60.0}
)
_LOW_VALUE: Final = Spec("Low Value", 1, 90, {"fail_rate": 0.99})


@dataclass(frozen=True, slots=True)
class Specs:
    """The specifications of all builders.

    Attributes
    ----------
    default:
        Of the builders that have none of their own; None for Chromium's defaults.
    builders:
        By bucket and builder.
    """

    default: tuple[Spec, ...] | None = None
    builders: Mapping[tuple[str, str], tuple[Spec, ...]] = field(default_factory=dict)

    def of(self, project: str | None, bucket: str | None, builder: str | None) -> tuple[Spec, ...]:
        """Return the specifications of a builder."""
        short = (bucket or "").removeprefix(f"luci.{project}.")
        own = self.builders.get((short, builder or ""))
        return own if own is not None else self.default or _defaults(project)


def _defaults(project: str | None) -> tuple[Spec, ...]:
    return (_UNHEALTHY if project in _CHROMIUM else _UNHEALTHY_ELSEWHERE, _LOW_VALUE)


#: Chromium's defaults: within its own projects, and for others.
DEFAULT_SPECS: Final = Specs()


def read_specs(path: str | Path) -> Specs:
    """Return the specifications of a file.

    The file is ``{"_default_specs": [SPEC, …], "specs": {BUCKET: {BUILDER: {"problem_specs": [SPEC, …],
    "contact_team_email": …}}}}``. A SPEC has ``name``, ``score``, ``period_days`` and ``thresholds``:
    ``{"fail_rate": {"average": 0.2}, "pending_time": {"p50_mins": 20}, …}``. ``"_default"`` in the place of
    the thresholds, or of a value, is that of the default of the same name.

    Raises
    ------
    InputError
        Where the file cannot be read, or has another form. The message names the place.
    """
    try:
        with open(path, "rb") as file:
            text = file.read(_MOST_BYTES + 1)
        if len(text) > _MOST_BYTES:
            raise InputError("is too large for specifications", source=str(path), remedy="name another file")
        found = json.loads(text)
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", source=str(path), remedy="check the path"
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError("is not JSON", source=str(path), remedy=_REMEDY) from error
    return _Reader(str(path)).read(found)


class _Reader:
    def __init__(self, source: str) -> None:
        self._source = source

    def read(self, found: Any) -> Specs:
        top = self._object(found, "the file", ("_default_specs", "specs"))
        given = top.get("_default_specs")
        default = self._specs(given, "_default_specs", _defaults("chromium")) if given is not None else None
        builders: dict[tuple[str, str], tuple[Spec, ...]] = {}
        for bucket, named in self._object(top.get("specs", {}), "specs").items():
            for builder, one in self._object(named, f"specs of {bucket}").items():
                where = f"specs of {bucket}/{builder}"
                own = self._object(one, where, ("problem_specs", "contact_team_email"))
                specs = self._specs(own.get("problem_specs", []), where, default or _defaults("chromium"))
                contact = own.get("contact_team_email")
                builders[bucket, builder] = tuple(
                    replace(spec, contact=contact if isinstance(contact, str) else None) for spec in specs
                )
        return Specs(default, builders)

    def _specs(self, listed: Any, where: str, defaults: Iterable[Spec]) -> tuple[Spec, ...]:
        if not isinstance(listed, list):
            raise self._wrong(f"{where} is not a list")
        return tuple(self._spec(one, where, {spec.name: spec for spec in defaults}) for one in listed)

    def _spec(self, given: Any, where: str, defaults: Mapping[str, Spec]) -> Spec:
        one = self._object(given, where, ("name", "score", "period_days", "thresholds"))
        name = one.get("name")
        if not isinstance(name, str):
            raise self._wrong(f"{where} has a specification without a name")
        where = f"{where}, {name}"
        default = defaults.get(name)
        return Spec(
            name,
            self._whole(one.get("score"), f"score of {where}", default.score if default else None),
            self._whole(
                one.get("period_days"), f"period_days of {where}", default.period_days if default else None
            ),
            self._thresholds(one.get("thresholds", {}), where, default),
        )

    def _thresholds(self, given: Any, where: str, default: Spec | None) -> dict[str, float]:
        known = dict(default.thresholds) if default is not None else {}
        if given == "_default" or given == {"_default": "_default"}:
            return known
        found: dict[str, float] = {}
        for group, values in self._object(given, f"thresholds of {where}").items():
            for key, value in self._object(values, f"{group} of {where}").items():
                metric = _METRICS.get((group, key))
                if metric is None:
                    raise self._wrong(f"{group}.{key} of {where} is not a threshold")
                if value == "_default":
                    if metric in known:
                        found[metric] = known[metric]
                elif value is not None:
                    found[metric] = self._number(value, f"{group}.{key} of {where}")
        return found

    def _object(self, value: Any, where: str, keys: Iterable[str] = ()) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise self._wrong(f"{where} is not an object")
        unknown = sorted(set(value) - set(keys)) if keys else []
        if unknown:
            raise self._wrong(f"{where} has an unknown key {unknown[0]!r}")
        return value

    def _whole(self, value: Any, where: str, default: int | None) -> int:
        if value in (None, "_default") and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MOST_DAYS:
            raise self._wrong(f"{where} is not a whole number from 1 to {_MOST_DAYS}")
        return value

    def _number(self, value: Any, where: str) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise self._wrong(f"{where} is not a number")
        return float(value)

    def _wrong(self, cause: str) -> InputError:
        return InputError(
            f"is not a file of specifications: {cause}",
            source=self._source,
            remedy=_REMEDY,
        )

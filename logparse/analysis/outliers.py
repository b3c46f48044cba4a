"""Bots that differ from their peers: slower or faster runs, and more failures of the infrastructure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from logparse.analysis.arrays import array
from logparse.analysis.moderation import adjusted
from logparse.analysis.peers import compared, speeds, strata_of
from logparse.analysis.strata import (
    at_least,
    excess_of,
)
from logparse.batches.arrow import frame
from logparse.columns.column import plain as _c
from logparse.lazy import numpy as np
from logparse.records.odd import without_odd
from logparse.tables import taken
from logparse.tables.plainframes import declared, plain_value

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
else:
    from logparse.lazy import pandas as pd

#: The columns of the table `builds` that `outliers` needs.
NEEDED: Final = (
    *("build_id", "builder_id", "bot_id", "status", "created_at", "run_s", "url"),
    *("pool", "machine_type", "cpu", "cores"),
)
_ORDER: Final = ("created_at", "build_id")
_OF_BOT: Final = ("pool", "machine_type", "cpu", "cores")
_INFRA: Final = "INFRA_FAILURE"
_ENDED: Final = ("SUCCESS", "FAILURE", _INFRA)
#: A probability below which a bot is named, corrected for all tests of all bots.
NAMED: Final = 0.01
#: A bot is slow or fast where its runs take at least this much longer, or its peers' runs do.
LEAST_CHANGE: Final = 0.1
#: So many times at most bots are taken out of the peers of others, which are then compared again.
_MOST_ROUNDS: Final = 20
_EVIDENCE: Final = 3
_NOTHING: Final = "~"
_FEW: Final = "too few runs"
_QUIET: Final = (_NOTHING, _FEW)
_LINKS: Final = ("https://", "http://")
_DAY_US: Final = 86_400_000_000

#: The columns of `outliers`.
OUTLIERS: Final = (
    _c("bot_id", "text", "Swarming bot"),
    _c("verdict", "text", "slow, fast, failing, or two of them; ~ for none; too few runs"),
    _c("pool", "text", "bot dimension, the last one known"),
    _c("machine_type", "text", "bot dimension, the last one known; else its processor and number of cores"),
    _c("builds", "int", "builds that it ran to a success, a failure or an infrastructure failure"),
    _c("busy_s", "float", "sum of run_s of all its builds, canceled ones included: a lower bound"),
    _c("success_rate", "float", "of these builds, those that ended SUCCESS"),
    _c("infra_failures", "int", "of these builds, those that ended INFRA_FAILURE"),
    _c("infra_expected", "float", "how many would have, at the rate of its peers on the same days"),
    _c("infra_p_value", "float", "at most how likely so many are where bots do not differ"),
    _c("infra_q_value", "float", "infra_p_value, corrected for the tests of all bots"),
    _c("compared", "int", "successful runs with runs of peers to compare them with"),
    _c("days", "int", "UTC days of these runs"),
    _c("run_ratio", "float", "its typical run over its peers' typical run; 1.5 is half as long again"),
    _c("run_ratio_low", "float", "lower limit of the 95 % interval of run_ratio; null under 6 days"),
    _c("run_ratio_high", "float", "upper limit of that interval"),
    _c("run_p_value", "float", "how likely such ranks of its runs are where bots do not differ"),
    _c("run_q_value", "float", "run_p_value, corrected for the tests of all bots"),
    _c("evidence", "text", "URLs, else ids, of up to three builds for each part of the verdict"),
)


def outliers(builds: pd.DataFrame, *, least_change: float = LEAST_CHANGE) -> pd.DataFrame:
    """Return for each bot whether it differs from its peers.

    Peers are the bots of the same machine type: the dimension, else the processor and its cores, else all
    bots of which nothing is known. Runs are compared on the same builder only, and odd values are left out.

    *Speed.* The ratio of a successful run is its ``run_s`` over the median of its peers' successful runs of
    the builder in the same ISO week (UTC). ``run_ratio`` is the median over days of the medians of each
    day's ratios, and its interval that of the sign test over days. The test is Wilcoxon's, stratified by
    builder and day (van Elteren): the ranks of the bot's runs among all runs of the builder on that day are
    summed, and the sum has the variance that drawing runs at random gives, or the one that the bot's days
    show, where that is larger. So a change of the builder or of the day is not taken for one of the bot.
    Days on which a builder has under 4 runs count together with the other such days of their week.

    *Failures.* Infrastructure failures are compared within the same days and weeks of builders. The
    probability is an upper bound (Bennett's inequality), which also holds for few failures.

    All probabilities of all bots are corrected together (Benjamini and Hochberg). A bot is named where a
    corrected one is below 1 %. A slow or fast bot must also differ by `least_change`. A bot with under 10
    compared runs or 3 days has its speed shown, but not tested.

    Beside a slow bot its peers would look fast. So the surest slow or fast bot of a machine type, with those
    that differ in the same way by half as much or more, is then left out of the peers of the others. They are
    compared again, until no further bot is slow or fast.

    Parameters
    ----------
    builds:
        The table `builds`.
    least_change:
        Least difference of run times, as a share: with 0.1 a slow bot's ratio is at least 1.1, and a fast
        bot's at most 1 / 1.1.

    Returns
    -------
    DataFrame
        With the columns of `OUTLIERS`, a row for each bot that ran a build. Named bots come first, those
        with the smallest probability before others.

    Raises
    ------
    UsageError
        Where `builds` is another table.
    """
    checked = taken.checked(builds, "analysis.outliers", "builds", NEEDED)
    data = without_odd(checked[list(NEEDED)][checked["bot_id"].notna()]).reset_index(drop=True)
    if data.empty:
        return frame((), OUTLIERS)
    known, names = pd.factorize(data["bot_id"], sort=True)
    bots = _known_of_bots(data[[*_ORDER, *_OF_BOT]].assign(bot=known), len(names))
    slim = _slim(data, known, bots["machine_type"])
    ended = slim[slim["ended"]]
    placed = _placed(ended)
    runs = compared(placed)
    made = {
        "bot_id": pd.Series(names),
        "pool": bots["pool"],
        "machine_type": bots["machine_type"],
        **_counted(slim, ended, len(names)),
        **_failures(placed, len(names)),
    }
    found = _judged(pd.DataFrame(made), runs, least_change)
    found["evidence"] = _evidence(found, placed, runs, data[["url", "build_id"]])
    return declared(_ordered(found), OUTLIERS)


def _slim(data: pd.DataFrame, bots: NDArray[Any], machine_types: pd.Series[Any]) -> pd.DataFrame:
    """Return the builds with numbers for texts, which take less memory. An unknown builder is −1."""
    kinds = pd.factorize(machine_types.fillna(""))[0]
    return pd.DataFrame(
        {
            "bot": bots,
            "builder": pd.factorize(data["builder_id"])[0],
            "machine": kinds[bots],
            "created_at": data["created_at"],
            "run_s": data["run_s"],
            "ended": data["status"].isin(_ENDED).to_numpy(bool),
            "succeeded": (data["status"] == "SUCCESS").to_numpy(bool, na_value=False),
            "infra": (data["status"] == _INFRA).to_numpy(bool, na_value=False),
        }
    )


def _known_of_bots(data: pd.DataFrame, number: int) -> pd.DataFrame:
    """Return the dimensions of bots, of each the last value known."""
    newest = data.sort_values([*_ORDER], na_position="first", kind="stable")
    last = newest.groupby("bot")[list(_OF_BOT)].last().reindex(range(number))
    kinds = [
        _kind(plain_value(m), plain_value(c), plain_value(n)) for m, c, n in last[list(_OF_BOT[1:])].values
    ]
    return pd.DataFrame({"pool": last["pool"], "machine_type": pd.Series(kinds, dtype=object)})


def _kind(machine_type: str | None, cpu: str | None, cores: int | None) -> str | None:
    """Return the type of a bot's machine, as far as it is known."""
    if machine_type is not None or cpu is None:
        return machine_type
    return cpu if cores is None else f"{cpu}, {cores} cores"


def _placed(ended: pd.DataFrame) -> pd.DataFrame:
    """Return the builds that have a builder and a day, with the builder's day and week."""
    placed = ended[(ended["builder"] >= 0) & ended["created_at"].notna()]
    day = placed["created_at"].to_numpy("datetime64[us]").astype(np.int64) // _DAY_US
    builder = placed.groupby(["builder", "machine"], sort=False).ngroup()
    # 1 January 1970 was a Thursday. Weeks begin on Mondays.
    week = _numbers(builder, (day + 3) // 7)
    return placed.assign(day=day, day_of_builder=_numbers(builder, day), week_of_builder=week)


def _numbers(builder: Any, time: Any) -> NDArray[Any]:
    """Return a number for each pair of a builder and a time."""
    first = time.min() if len(time) else 0
    pairs = np.asarray(builder, np.int64) * np.int64(10**9) + (time - first)
    return array(np.unique(pairs, return_inverse=True)[1])


def _counted(data: pd.DataFrame, ended: pd.DataFrame, number: int) -> dict[str, Any]:
    builds = np.bincount(ended["bot"], minlength=number)
    succeeded = np.bincount(ended.loc[ended["succeeded"], "bot"], minlength=number)
    busy_us = (data["run_s"].fillna(0.0) * 1e6).round().astype("int64")
    return {
        "builds": builds,
        "busy_s": busy_us.groupby(data["bot"]).sum().to_numpy() / 1e6,
        "success_rate": np.divide(succeeded, builds, out=np.full(number, np.nan), where=builds > 0),
        "infra_failures": np.bincount(ended.loc[ended["infra"], "bot"], minlength=number),
    }


def _failures(placed: pd.DataFrame, number: int) -> dict[str, Any]:
    failed = placed["infra"].to_numpy(float)
    bots = placed["bot"].to_numpy()
    test = excess_of(failed, strata_of(placed), bots, number)
    expected = np.bincount(bots, failed, minlength=number) - test.excess
    # Sums of shares have noise of floats below 0.
    return {"infra_expected": np.maximum(expected, 0.0), "infra_p_value": at_least(test)}


def _judged(found: pd.DataFrame, runs: pd.DataFrame, least_change: float) -> pd.DataFrame:
    """Return the rows with their speeds and verdicts.

    Of the bots of a machine type that are slow or fast, the surest and those like it are taken out of the
    peers of the others, which are then compared again, until there are none.
    """
    found = _corrected(found.join(speeds(runs, len(found))))
    kinds = found["machine_type"].fillna("")
    is_out = np.zeros(len(found), dtype=bool)
    for _ in range(_MOST_ROUNDS):
        differs = found.assign(kind=kinds)[_is_changed(found, least_change) & ~is_out]
        if differs.empty:
            break
        taken_out = _surest(differs)
        is_out[taken_out.index] = True
        again = kinds.isin(taken_out["kind"]).to_numpy() & ~is_out
        others = compared(runs[again[runs["bot"].to_numpy()]])
        renewed = speeds(others, len(found))
        found.loc[again, renewed.columns] = renewed[again]
        found = _corrected(found)
    return found.assign(verdict=_verdicts(found, least_change))


def _surest(differs: pd.DataFrame) -> pd.DataFrame:
    """Return the surest bot of each machine type, and those that differ the same way by half as much or more.

    Bots that differ the other way may look so because of it.
    """
    far = np.log(differs["run_ratio"])
    ordered = differs.assign(_far=-np.abs(far), _way=far).sort_values(["run_p_value", "_far", "bot_id"])
    first = differs["kind"].map(ordered.drop_duplicates("kind").set_index("kind")["_way"])
    found: pd.DataFrame = differs[far * np.sign(first) >= np.abs(first) / 2]
    return found


def _corrected(found: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with probabilities that are corrected for the number of all tests."""
    both = adjusted(found[["run_p_value", "infra_p_value"]].to_numpy(float).ravel())
    return found.assign(run_q_value=both[::2], infra_q_value=both[1::2])


def _is_changed(found: pd.DataFrame, least_change: float) -> pd.Series[bool]:
    ratio = found["run_ratio"]
    is_far = (ratio >= 1 + least_change) | (ratio <= 1 / (1 + least_change))
    return (found["run_q_value"] < NAMED) & is_far


def _verdicts(found: pd.DataFrame, least_change: float) -> list[str]:
    is_changed = _is_changed(found, least_change)
    marks = {
        "slow": is_changed & (found["run_ratio"] > 1),
        "fast": is_changed & (found["run_ratio"] < 1),
        "failing": (found["infra_q_value"] < NAMED) & (found["infra_failures"] > found["infra_expected"]),
    }
    rows = zip(*(mark.tolist() for mark in marks.values()), strict=True)
    few = found["run_p_value"].isna().tolist()
    return [
        ", ".join(name for name, holds in zip(marks, row, strict=True) if holds)
        or (_FEW if is_few else _NOTHING)
        for row, is_few in zip(rows, few, strict=True)
    ]


def _ordered(found: pd.DataFrame) -> pd.DataFrame:
    named = ~found["verdict"].isin(_QUIET)
    order = found.assign(
        _named=~named,
        _few=found["verdict"] == _FEW,
        _q=found[["run_p_value", "infra_p_value"]].min(axis=1),
        _far=-np.abs(np.log(found["run_ratio"])),
    )
    return order.sort_values(["_named", "_few", "_q", "_far", "bot_id"], kind="stable")


def _evidence(
    found: pd.DataFrame, placed: pd.DataFrame, runs: pd.DataFrame, names: pd.DataFrame
) -> list[str | None]:
    """Return for each row the builds that show its verdict, None where it has none."""
    latest = placed[placed["infra"]].sort_values("created_at", ascending=False, kind="stable")
    longest = runs[runs["ratio"].notna()].sort_values("ratio", ascending=False, kind="stable")
    shown = {"slow": _links(longest, names), "fast": _links(longest[::-1], names)}
    shown["failing"] = _links(latest, names)
    return [
        " ".join(link for name in verdict.split(", ") for link in shown[name].get(bot, [])) or None
        if verdict not in _QUIET
        else None
        for bot, verdict in zip(found.index, found["verdict"], strict=True)
    ]


def _links(builds: pd.DataFrame, names: pd.DataFrame) -> dict[Any, list[str]]:
    """Return the first builds of each bot: URLs of the web, else ids."""
    links: dict[Any, list[str]] = {}
    first = builds.groupby("bot").head(_EVIDENCE)["bot"]
    shown = names.loc[first.index]
    for bot, url, build in zip(first, shown["url"], shown["build_id"], strict=True):
        is_link = isinstance(url, str) and url.startswith(_LINKS) and " " not in url
        links.setdefault(bot, []).append(url if is_link else str(build))
    return links

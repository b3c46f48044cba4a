"""Answers from tables: functions over frames that `logparse.load` gives."""

from logparse.analysis.filters import Filter, parse_filter
from logparse.analysis.queue import queue

__all__ = ["Filter", "parse_filter", "queue"]

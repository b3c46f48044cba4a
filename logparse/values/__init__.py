"""Facts without state: clocks, ids, Go's notations, days, names of builders."""

"""One thing counts once: copies of an invocation are merged, and builds join invocations."""

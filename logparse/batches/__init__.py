"""Batches of columns: of Python lists, of Arrow arrays, and as Parquet files."""

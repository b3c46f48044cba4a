"""Tables: the columns of records and batches, and frames that functions take."""

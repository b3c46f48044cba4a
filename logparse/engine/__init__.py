"""From blocks to records: which blocks are entries, what they change, when they were written."""

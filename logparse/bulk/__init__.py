"""Reading many pages at once, as columns. `logparse.reading` reads pages that are not plain.

The modules, from the lowest: `scan` finds the entries of all pages in one buffer, `order` the pages in which
their order is plain; `heads`, `requests` and `payloads` read what a page shows once, and `checks` its status
checks; `pages` reads pages, `table` makes what all tables need, `rows` and `events` make the rows of each,
`tables` makes them Arrow's, and `batch` keeps them.
"""

from logparse.bulk.batch import read_pages

__all__ = ["read_pages"]

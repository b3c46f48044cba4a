"""The language of pages and logs: the catalogue of messages, the terminals, the scanner."""

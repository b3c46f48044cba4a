"""Results as text and files: cards, tables, CSV, JSON lines and Markdown. Nothing here reads a log."""

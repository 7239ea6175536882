"""The rows of the table in docs/RELIABILITY.md."""

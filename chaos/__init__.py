"""The chaos rig, `make chaos`: real servers are killed, stopped and starved under load; nothing promised may be lost.

See docs/RELIABILITY.md for what it asks and what was measured.
"""

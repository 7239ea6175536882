"""System checks: settings that make no sense stop the start, with a hint."""

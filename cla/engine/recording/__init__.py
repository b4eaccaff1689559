"""Recorded sessions: written while they run, opened wherever they were cut off, run again."""

"""The kinds of attention, a file each."""

"""Sounds that more than one recipe draws on."""

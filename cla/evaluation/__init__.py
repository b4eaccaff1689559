"""How well a task does: lanes, scores, figures, and recordings to judge it on."""

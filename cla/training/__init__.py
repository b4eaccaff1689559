"""Recipes of the tasks, and what they share: training, landmarks, lanes, scores."""

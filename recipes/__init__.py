"""How the shipped weights were made: data, streams, training, landmarks, figures, card."""

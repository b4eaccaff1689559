"""Training: random pieces of streams, losses, landmarks, and what recipes share."""

"""Name the digits spoken in a file, by low-rank attention: python digits_of_a_file.py FILE."""

import sys

import torch

from cla.capture import open_audio
from cla.features import SpeechTokenizer
from cla.models import EventDetector, load_task


def spoken_digits(path: str) -> list[tuple[float, str]]:
    """Time in seconds and label of each digit."""
    task = load_task("digits")
    model = task.with_attention("continual_nystrom", num_landmarks=16)
    detector = EventDetector(task.labels, task.event_config)
    state = model.init_state(1)
    found = []
    with open_audio(path) as audio, torch.inference_mode():
        tokenizer = SpeechTokenizer(audio.sample_rate_hz)
        for chunk in audio:
            for token in tokenizer.push(chunk.samples):
                logits, state, _ = model.step(token.features[None], state)
                event = detector.detect(token.time_s, logits[0].softmax(-1).numpy())
                if event:
                    found.append((event.time_s, event.label))
    return found


if __name__ == "__main__":
    for time_s, label in spoken_digits(sys.argv[1]):
        print(f"{time_s:6.2f} s  {label}")

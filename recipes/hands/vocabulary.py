"""The signs, the motions, and the recorded hands that are neither."""

SIGNS = tuple("0 1 2 3 4 5 Ok Super Dislike Horns VIP Stop Power_Fist Shaka".split())
MOTIONS = ("wave", "swipe left", "swipe right", "circle", "push")
"""Left and right are the person's own, as in a mirror."""
LABELS = ("none", *SIGNS, *MOTIONS)
NONE = 0

# Recorded, and no sign here. Left out altogether are hands that are a sign in another place or as
# another person makes it: Phone is Shaka lying down, Help is Stop lying down, Fight_Fist is a fist,
# and Water and Chef, seen from the side, are Super and Stop.
OTHER_SIGNS = tuple("6 7 8 Loser Metal Middle_Finger".split())
AMBIGUOUS_SIGNS = {"9": "Ok", "Vulcan_Salute": "5"}
"""Left out too: in two dimensions most of their frames are as near to a sign as hands that make it.
`OddHands.is_odd` takes 17 % and 29 % of the right hand's for odd; of every other, 66 % or more."""

# Signs that mean something else, or nothing, when they are turned further.
TURN_LIMITS_DEG = {"Super": 40.0, "Dislike": 40.0, "VIP": 40.0}
TURN_LIMIT_DEG = 180.0

MOTION_SHAPES = {
    "wave": ("5", "Stop", "4"),
    "swipe left": ("5", "Stop", "Power_Fist"),
    "swipe right": ("5", "Stop", "Power_Fist"),
    "circle": ("1", "5", "Power_Fist"),
    "push": ("Stop", "5", "Power_Fist"),
}


def label_index(name: str) -> int:
    """Class index of a sign or motion; any other hand is `NONE`."""
    return LABELS.index(name) if name in LABELS else NONE

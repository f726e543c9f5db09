"""F1 and false expressions a minute of talk by threshold, of the pretrained spotter."""

import matplotlib.pyplot as plt

import skspot
from skspot.inspection import CLASS_COLOURS

about = skspot.about_pretrained()
spotter = skspot.load_pretrained("template")["spot"]
fig, (above, below) = plt.subplots(2, 1, figsize=(7, 4.4), sharex=True, layout="constrained")
for label, curve in about["calibration"].items():
    colour = CLASS_COLOURS[label]
    above.plot(curve["threshold"], curve["F1"], color=colour, label=label)
    below.plot(curve["threshold"], curve["false a minute"], color=colour)
    for ax in (above, below):
        ax.axvline(getattr(spotter, f"{label}_threshold"), color=colour, ls=":")
above.set(ylabel="F1", ylim=(0, 1))
above.legend()
below.set(ylabel="false a minute of talk", xlabel="threshold", ylim=(0, None))

"""Fine-tuning the pretrained spotter with few annotated subjects, against training anew.

    python benchmarks/bench_fine_tuning.py [--seeds 0 1 2] [--out FOLDER]

The hard videos of ``bench_spotting.py`` are a laboratory's: another photograph than those of the
pretraining, unseen subjects. With 0 subjects, the pretrained spotter is used as it is. The table is
printed and written to ``fine_tuning.md`` in the folder. A finished run is not computed again.
"""

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import joblib
import pandas as pd
from bench_neutral import ramps_halves
from bench_spotting import CLASSES, score

import skspot
from skspot.neural_network import SpotFormerClassifier

N_SUBJECTS = (1, 2, 5, 10)
VIDEOS_PER_SUBJECT = 2
STARTS = {
    "anew": {},
    "fine-tuned": {"initial_weights": "pretrained", "max_epochs": 5, "lr": 0.001},
}
HEAD = """# Fine-tuning with few annotated subjects

`python benchmarks/bench_fine_tuning.py`: mean ± standard deviation over the seeds, which differ in
the videos and the training. Two videos of 20 s for each subject; tested on twelve other subjects.

"""


def run(start, n_subjects, seed, out):
    """Return the figures of one training."""
    train, (X, y) = ramps_halves(seed, None, out)
    if not n_subjects:
        spotter = skspot.load_pretrained("template")[-1]
    else:
        features, tables = (part[: n_subjects * VIDEOS_PER_SUBJECT] for part in train)
        spotter = SpotFormerClassifier(random_state=seed, **STARTS[start]).fit(features, tables)
    return score(y, spotter.predict(X))


def run_once(start, n_subjects, seed, out):
    """Compute a run unless its result is there."""
    path = out / f"{start}-{n_subjects}-{seed}.json"
    if not path.exists():
        path.write_text(json.dumps(run(start, n_subjects, seed, out)))
        print(path.stem, path.read_text(), flush=True)
    return json.loads(path.read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=Path("bench-fine-tuning"))
    parser.add_argument("--n-jobs", type=int, default=2)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for seed in options.seeds:
        ramps_halves(seed, None, options.out)
    kinds = [("fine-tuned", 0)] + [(start, n) for n in N_SUBJECTS for start in STARTS]
    jobs = [(*kind, seed) for kind in kinds for seed in options.seeds]
    results = joblib.Parallel(n_jobs=options.n_jobs)(
        joblib.delayed(run_once)(*job, options.out) for job in jobs
    )
    rows = [
        {
            "subjects": n,
            "training": start if n else "none",
            **{k: r[k] for k in (*CLASSES, "overall")},
        }
        for (start, n, _), r in zip(jobs, results)
    ]
    groups = pd.DataFrame(rows).groupby(["subjects", "training"], sort=False)
    mean, spread = groups.mean().round(2), groups.std(ddof=0).round(2)
    table = mean.astype(str) + " ± " + spread.astype(str)
    text = HEAD + table.reset_index().to_markdown(index=False) + "\n"
    print(text)
    (options.out / "fine_tuning.md").write_text(text)


if __name__ == "__main__":
    main()

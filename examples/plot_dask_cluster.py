"""
Run a program on a cluster
==========================

skspot and scikit-learn use joblib for parallel work. One line is therefore enough to distribute the
feature extraction and the cross-validation over the machines of a Dask cluster. The program does
not change. The cluster in this example consists of two processes on this machine. For a real
cluster, use the address of its scheduler: ``Client("tcp://scheduler:8786")``.
"""

# %%
# The program
# -----------
# It contains nothing about a cluster. ``n_jobs=-1`` means as many jobs as possible.

import logging
import tempfile

import joblib
import matplotlib.pyplot as plt
from dask.distributed import Client, LocalCluster, get_task_stream
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline

from skspot.datasets import make_expression_videos
from skspot.metrics import spotting_report
from skspot.model_selection import LeaveOneSubjectOut
from skspot.neural_network import SpotFormerClassifier
from skspot.preprocessing import FaceAligner, SWMROFlow


def spot_all(data):
    """Extract features once for each video, then leave one subject out."""
    extractor = make_pipeline(FaceAligner(landmarker="template", n_jobs=-1), SWMROFlow(n_jobs=-1))
    return cross_val_predict(
        SpotFormerClassifier(
            max_epochs=4,
            module__dim=16,
            lr=0.01,
            lr_decay=0.6,
            batch_size=64,
            neutral_ratio=0.5,
            pasted_micro=6,
            pasted_macro=0,
            random_state=0,
        ),
        extractor.transform(data.videos),
        data.intervals,
        groups=data.subjects,
        cv=LeaveOneSubjectOut(),
        n_jobs=-1,
    )


# %%
# The cluster
# -----------
# ``joblib.parallel_config`` is the line that is needed. Dask's ``get_task_stream`` records the
# tasks of each worker. The videos are files that all machines of the cluster must see under the
# same path. Then no frames are sent over the network. With ``memory=`` in a shared folder, all
# machines use the same cache. The workers of a ``LocalCluster`` import this file; this requires the
# line with ``__main__``.

if __name__ == "__main__":
    folder = tempfile.mkdtemp()
    data = make_expression_videos(
        4, videos_per_subject=1, n_frames=400, folder=folder, random_state=0
    )
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=logging.ERROR
    )
    with cluster, Client(cluster) as client:
        with get_task_stream(client) as tasks, joblib.parallel_config("dask"):
            predicted = spot_all(data)
    print(spotting_report(data.intervals, predicted))

# %%
# The tasks of the workers
# ------------------------
# A bar is a batch of joblib tasks. First the videos are aligned, then their features are extracted,
# then folds are trained and predicted.


def draw_tasks(tasks):
    """Draw when each worker computed."""
    spans = [
        (task["worker"], part["start"], part["stop"])
        for task in tasks.data
        for part in task["startstops"]
        if part["action"] == "compute"
    ]
    workers = sorted({worker for worker, _, _ in spans})
    begin = min(start for _, start, _ in spans)
    _, ax = plt.subplots(figsize=(8, 2.2), layout="constrained")
    ax.barh(
        [workers.index(worker) for worker, _, _ in spans],
        [stop - start for _, start, stop in spans],
        left=[start - begin for _, start, _ in spans],
        height=0.6,
        color="#56B4E9",
        edgecolor="black",
        linewidth=0.6,
    )
    ax.set_yticks(range(len(workers)), [f"worker {n + 1}" for n in range(len(workers))])
    ax.set_xlabel("seconds since the first task")
    ax.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    draw_tasks(tasks)
    plt.show()

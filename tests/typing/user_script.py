"""What users write. Nothing is run; `test_typing` lets pyright check it.

`assert_type` states types that users rely on; `reveal_type` lets the test look for unknown ones.
"""

from datetime import datetime
from pathlib import Path
from typing import Any, Literal, assert_type, reveal_type

import joblib
import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline

import skspot
from skspot import AlignedVideo, SpottingResult, intervals_to_dataframe, make_intervals
from skspot.datasets import (
    FacePhotograph,
    find_videos,
    load_annotated_videos,
    load_cas_me2,
    load_cas_me3,
    load_samm_lv,
    load_smic_long,
    make_expression_videos,
    read_annotations,
)
from skspot.faces import FACE_PARTS, NODE_SETS, node_centres, node_names
from skspot.inspection import (
    FlowDisplay,
    MatchDisplay,
    OcclusionDisplay,
    RegionsDisplay,
    SpottingDisplay,
    TrainingDisplay,
)
from skspot.io import INTERVAL_FORMATS, read_intervals, write_intervals
from skspot.landmarks import FaceAlignment, Landmarker, MediaPipe, OpenFace, Template
from skspot.metrics import (
    compare_matching_rules,
    interval_counts,
    interval_f1_score,
    interval_f1_scorer,
    interval_match,
    interval_precision_recall_fscore_support,
    spotting_report,
)
from skspot.model_selection import (
    LeaveOneSubjectOut,
    StratifiedSubjectKFold,
    cross_val_intervals,
    oracle_epoch_evaluation,
)
from skspot.neural_network import (
    SpotFormer,
    SpotFormerClassifier,
    SpotFormerLoss,
    decode_boundaries,
    frame_scores,
    frame_targets,
)
from skspot.preprocessing import FaceAligner, FlowLayout, SWMROFlow
from skspot.recipes import spotformer, spotformer_paper
from skspot.reporting import VideoReport, write_report_index
from skspot.spotting import BaseSpotter
from skspot.video import FrameTimes, ImageSequence, measure_quality, open_video

Table = NDArray[np.void]


def use_tables(frame: pd.DataFrame) -> None:
    table = make_intervals([(12, 20, 40, "macro"), (100, 104, 109, "micro")], n_frames=200)
    assert_type(table, Table)
    assert_type(table[table["label"] == "micro"], Table)
    make_intervals(frame)
    make_intervals({"onset": [1], "offset": [3], "label": ["macro"]})
    assert_type(intervals_to_dataframe([table], names=["a"], fps=30), pd.DataFrame)
    intervals_to_dataframe({"a": table}, subjects={"a": "Anna"}, timestamps={"a": np.arange(200)})
    reveal_type(skspot.CLASSES)
    reveal_type(skspot.PREDICTION_DTYPE)
    assert_type(skspot.__version__, str)


def train_and_save(folder: Path) -> None:
    data = make_expression_videos(2, videos_per_subject=1, random_state=0)
    face = FacePhotograph(np.zeros((100, 100), np.uint8), np.ones((68, 2)), name="nobody")
    make_expression_videos(1, faces=[face], dynamics="film", random_state=0)
    make_expression_videos(1, faces=folder / "people", random_state=0)
    spotter = spotformer("template", memory=folder, random_state=0)
    assert_type(spotter, Pipeline)
    spotter.set_params(spot__max_epochs=1).fit(data.videos, data.intervals)
    skspot.save(spotter, folder / "spotter.skspot")
    loaded = skspot.load("spotter.skspot")
    assert_type(loaded, Pipeline | SpotFormerClassifier)
    loaded.set_params(memory=None).predict(data.videos)
    spotformer_paper(MediaPipe(), memory=joblib.Memory(folder), n_jobs=-1)


def spot_videos(videos: list[str]) -> None:
    spotter = skspot.load("spotter.skspot")
    (result,) = skspot.spot(spotter, videos[:1])
    reveal_type(result)
    print(result.name, result.times.duration, result.aligned.fps, result.features.layout.nodes)
    print(len(result.scores), result.scores["macro_onset"].max(), result.intervals["onset"])
    assert_type(SpottingResult("a.mp4", make_intervals()).to_dataframe(), pd.DataFrame)
    for each in skspot.spot(spotter, videos, return_as="generator", on_error="warn", n_jobs=2):
        if each is not None:
            reveal_type(each.intervals)
    skspot.spot(spotter, [np.zeros((90, 120, 160), dtype=np.uint8), Path("b.mp4")])


def build_pipelines(data: Any) -> None:
    FaceAligner()
    FaceAligner("template", face_size=160, on_error="warn", memory="cache", n_jobs=2)
    FaceAligner(landmarker=MediaPipe(model_path=Path("face.task"), num_faces=4), fps=25)
    FaceAligner(FaceAlignment(device="cuda"))
    FaceAligner(OpenFace("openface/{stem}.csv"))
    FaceAligner(lambda frame: np.zeros((68, 2)))
    FaceAligner({"a.mp4": np.zeros((60, 68, 2))})
    SWMROFlow()
    SWMROFlow(resolutions=["window", 9], nodes="extended", reference="first", head_motion=None)
    SpotFormerClassifier()
    SpotFormerClassifier(
        module__dim=64,
        train_split=StratifiedSubjectKFold(5),
        decoding="apexes",
        decoding_params={"max_intervals": 5},
        optimizer=torch.optim.SGD,
        n_threads=None,
        callbacks=[],
    )
    make_pipeline(FaceAligner(), SWMROFlow(), SpotFormerClassifier()).fit(data.videos, data.y)
    spotter = Pipeline(
        [
            ("align", FaceAligner(Template(recheck=20))),
            ("flow", SWMROFlow(spacing=2)),
            ("spot", SpotFormerClassifier(max_epochs=1, random_state=0)),
        ],
        memory="cache",
    )
    spotter.fit(data.videos, data.intervals, spot__groups=data.subjects).predict(data.videos)
    spotter.set_params(align__landmarker__recheck=30)
    print(spotter.named_steps["spot"].history_dataframe(), len(spotter))
    cross_validate(
        spotter, data.videos, data.y, groups=data.subjects, cv=LeaveOneSubjectOut(),
        scoring=interval_f1_scorer,
    )  # fmt: skip
    grid = {"flow__window_length": [17, 25], "spot__module": [SpotFormer, SmallNetwork]}
    GridSearchCV(spotter, grid, cv=StratifiedSubjectKFold(5), scoring=interval_f1_scorer)


def go_step_by_step(video: NDArray[np.uint8], tables: list[Table]) -> None:
    aligner = FaceAligner("template")
    aligned = aligner.fit([video]).transform([video, "b.mp4", ImageSequence(Path("c"), fps=200)])
    reveal_type(aligned)
    assert_type(aligner.set_params(landmarker__recheck=3), FaceAligner)
    print(aligned[0].fps, aligned[0].landmarks.shape, measure_quality(aligned[0]).low_rate)
    features = SWMROFlow().transform(aligned)
    reveal_type(features)
    print(features[0].shape, features[0][10:20], np.asarray(features[0]).mean())
    for block in features[0].blocks():
        reveal_type(block)
    classifier = SpotFormerClassifier().fit(features, tables, groups=["s1", "s2", "s3"])
    assert_type(classifier, SpotFormerClassifier)
    assert_type(classifier.partial_fit(features, tables), SpotFormerClassifier)
    assert_type(classifier.set_params(lr=0.001), SpotFormerClassifier)
    assert_type(classifier.predict(features), NDArray[np.object_])
    assert_type(classifier.decode(classifier.predict_scores(features)[0]), Table)
    assert_type(classifier.history_dataframe(), pd.DataFrame)
    assert_type(classifier.score(features, tables), float)
    assert_type(classifier.layout_, FlowLayout | None)
    reveal_type(classifier.predict_proba(features))
    reveal_type(classifier.classes_)
    reveal_type(classifier.history_)
    SpotFormerClassifier().fit([np.zeros((60, 16, 10, 2))], tables)


def use_videos() -> None:
    video = open_video("a.mp4")
    print(video.n_frames, video.nominal_n_frames, video.timestamps.max(), video.times.fps)
    for frame, time in video.iterate(colour=True):
        reveal_type(frame)
        assert_type(time, float)
    times = FrameTimes(np.arange(50) / 25)
    assert_type(times.frame_at(0.99), int)
    frames = np.zeros((60, 240, 320), dtype=np.uint8)
    aligned = AlignedVideo(
        frames, np.zeros((60, 68, 2)), np.ones(60, dtype=bool), np.arange(60) / 30, (240, 320)
    )
    for picture in aligned:
        reveal_type(picture)
    reveal_type(aligned.face_landmarks)
    reveal_type(node_centres(aligned.landmarks, "extended"))
    assert_type(node_names(), list[str])
    reveal_type(NODE_SETS)
    reveal_type(FACE_PARTS)


def evaluate(spotter: Pipeline, X: list[str], y: list[Table], subjects: list[str]) -> None:
    predicted = cross_val_intervals(spotter, X, y, groups=subjects, cv=LeaveOneSubjectOut())
    assert_type(interval_f1_score(y, predicted), float)
    reveal_type(interval_f1_score(y, predicted, average=None))
    interval_f1_score(y, list(predicted), classes=["micro"], rule="one-to-one")
    precision, *_ = interval_precision_recall_fscore_support(y, predicted)
    assert_type(spotting_report(y, predicted), str)
    assert_type(spotting_report(y, predicted, as_dataframe=True), pd.DataFrame)
    assert_type(spotting_report(y, predicted, output_dict=True), dict[str, Any])
    assert_type(compare_matching_rules(y, predicted), pd.DataFrame)
    assert_type(interval_counts(y, predicted)["micro"]["tp"], int)
    spotting_report(y, cross_val_predict(spotter, X, y, groups=subjects, cv=LeaveOneSubjectOut()))
    reveal_type(interval_match(y[0], predicted[0]))
    reveal_type(interval_f1_scorer)
    result = oracle_epoch_evaluation(spotter, X, y, groups=subjects, cv=3)
    print(result.scores, precision)
    for train, test in StratifiedSubjectKFold(5, shuffle=True, random_state=0).split(
        X, y, subjects
    ):
        reveal_type(train)
        reveal_type(test)


def use_network(scores: Any) -> None:
    module = SpotFormer.paper(dropout=0.2)
    assert_type(module, SpotFormer)
    logits, embedding = module.forward(torch.zeros(5, 2, 16, 10))
    assert_type(embedding, torch.Tensor)
    reveal_type(SpotFormerLoss()((logits, embedding), {}))
    reveal_type(frame_scores(np.zeros((1, 10)))["macro_onset"])
    reveal_type(frame_targets(make_intervals(), 60).apex)
    assert_type(decode_boundaries(scores, fps=30, micro_lengths=(0.1, 0.5)), Table)


def load_datasets(table: pd.DataFrame) -> None:
    data = load_annotated_videos(
        table, "videos", unit="seconds", label_names={"smile": "macro", "blink": None}
    )
    load_annotated_videos("annotations.csv", on_error="warn")
    load_annotated_videos(read_intervals("annotations.eaf"), Path("videos"))
    load_cas_me2("CAS(ME)2", missing_offset="drop")
    load_cas_me3(Path("CAS(ME)3"), annotation_file=["a.xlsx", "b.xlsx"], classes=["micro"])
    load_samm_lv("SAMM-LV", subjects=["006"], keep_every=1)
    load_smic_long("SMIC-long", camera="VIS")
    reveal_type(data)
    reveal_type(data.videos)
    assert_type(data.intervals, list[Table])
    assert_type(data.table, pd.DataFrame)
    assert_type(find_videos("videos", ["a", "b"]), list[str])
    assert_type(read_annotations("annotations.csv"), dict[str, Table])


def convert(tables: dict[str, Table], label: Literal["macro", "micro"]) -> None:
    assert_type(read_intervals(Path("a.eaf"), label=label), dict[str, Table])
    times = {"a": np.arange(100) / 30}
    write_intervals("a.TextGrid", tables, format="praat", timestamps=times)
    write_intervals("a.eaf", tables, timestamps=lambda name: times[name], media={"a": "a.mp4"})
    assert_type(INTERVAL_FORMATS, dict[str, str])


def draw(spotter: Pipeline, video: str, table: Table, result: SpottingResult) -> None:
    import matplotlib.pyplot as plt

    _, ax = plt.subplots()
    SpottingDisplay.from_estimator(spotter, video, table, ax=ax).figure_.savefig("spotting.png")
    SpottingDisplay.from_result(result, table).ax_.set_title("Spotted")
    display = SpottingDisplay.from_predictions(None, table, timestamps=np.arange(30) / 30)
    reveal_type(display)
    reveal_type(display.axes_)
    MatchDisplay.from_predictions(table, table, names="a").figure_.savefig("match.png")
    MatchDisplay.from_predictions([table], [table], names=["a"], timestamps=[np.arange(30)])
    reveal_type(MatchDisplay.from_estimator(spotter, [video], [table]))
    reveal_type(FlowDisplay.from_video(result.aligned, table, component="dx").face_ax_)
    reveal_type(FlowDisplay.from_features(result.features, resolution="window").pair)
    reveal_type(OcclusionDisplay.from_estimator(spotter, video, table[0], by="part"))
    OcclusionDisplay.from_features(spotter, result.features, table[0], score="onset")
    reveal_type(RegionsDisplay.from_video(result.aligned, 3, nodes="extended").plot(ax=ax))
    reveal_type(TrainingDisplay.from_estimator(spotter).best_epoch)


def report(spotter: Pipeline, video: str, result: SpottingResult) -> None:
    page = VideoReport.from_result(result, estimator=spotter, faces=False)
    VideoReport.from_estimator(spotter, video, model=Path("a.skspot"), made=datetime.now())
    page.save("a.html")
    assert_type(page.to_html(), str)
    write_report_index("index.html", {"a.html": page, "b.html": ValueError("no face")})


class BrightSpotter(BaseSpotter):
    """A spotter of the user's own."""

    def fit(self, X, y):
        self.level_ = np.mean([video.mean() for video in X])
        return self

    def predict(self, X):
        return [make_intervals() for _ in X]


class InTheMiddle(Landmarker):
    """A landmarker of the user's own."""

    def key(self, video):
        return "in the middle"

    def track(self, frames, video, detect_every=1):
        for frame in frames:
            reveal_type(frame)
            yield np.zeros((68, 2))


class SmallNetwork(torch.nn.Module):
    """A network of the user's own."""

    def __init__(self, n_nodes):
        super().__init__()
        self.layer = torch.nn.Linear(n_nodes, 10)


def use_own_classes(videos: list[NDArray[np.uint8]], tables: list[Table]) -> None:
    assert_type(BrightSpotter().fit(videos, tables).score(videos, tables), float)
    skspot.spot(BrightSpotter(), videos)
    FaceAligner(InTheMiddle())
    SpotFormerClassifier(module=SmallNetwork)

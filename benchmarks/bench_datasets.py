"""What loading a dataset from the disk costs, in seconds and memory.

    python benchmarks/bench_datasets.py [--videos 147] [--frames 1000]

For each of the field's datasets a tree in its layout is made in a temporary folder: so many videos
of so many images, which are empty files, so that a loader that opens one fails, and a workbook with
three rows per video. Each loader runs twice, in fresh processes. Printed are the seconds of both
loads, without the imports, those of the second with them, and the process's largest memory (VmHWM;
on other systems than Linux the resident maximum). The targets are below 3 s and 300 MB.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

START = time.perf_counter()
CODES = ("0101", "0102", "0401", "0402", "0502", "0503", "0505", "0507", "0508")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--videos", type=int, default=147, help="number of videos (default 147)")
    parser.add_argument("--frames", type=int, default=1000, help="images of each (default 1000)")
    parser.add_argument("--load", nargs=2, metavar=("LOADER", "ROOT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        print(json.dumps(load(*options.load)))
        return
    print(f"{options.videos} videos of {options.frames} images, 3 rows each")
    print("loader           load s   again   with imports s   memory MB   videos   intervals")
    for name, make_tree in TREES.items():
        with tempfile.TemporaryDirectory() as folder:
            make_tree(Path(folder), options.videos, options.frames)
            command = [sys.executable, __file__, "--load", name, folder]
            first, second = (json.loads(subprocess.check_output(command)) for _ in range(2))
        print(
            f"{name:15} {first['load']:7.2f} {second['load']:7.2f} {second['all']:16.2f} "
            f"{max(first['memory'], second['memory']):11.0f} {second['videos']:8d} "
            f"{second['intervals']:11d}",
            flush=True,
        )


def load(name, root):
    """Return what one load costs this process."""
    from skspot import datasets

    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the trees have no fault that a loader could warn of
        data = getattr(datasets, name)(root)
    end = time.perf_counter()
    return {
        "load": end - start,
        "all": end - START,
        "memory": peak_memory(),
        "videos": len(data.videos),
        "intervals": sum(map(len, data.intervals)),
    }


def peak_memory():
    """Return the largest memory that this process has taken, in MB."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2  # bytes on macOS


def make_samm_lv(root, n_videos, n_frames):
    header = ["Subject", "Filename", "Inducement Code", "Onset", "Apex", "Offset", "Duration"]
    rows = [["notes"]] * 9 + [[*header, "Type", "Action Units", "Notes"]]
    for i in range(n_videos):
        subject, video = f"{i // 5 + 6:03d}", f"{i // 5 + 6:03d}_{i % 5 + 1}"
        write_images(root / "SAMM_longvideos" / video, video + "_{:04d}.jpg", n_frames)
        for k, (onset, apex, offset) in enumerate(spans(n_frames)):
            label = "Micro - 1/2" if k else "Macro"
            rows.append([subject, f"{video}_{k}", 1, onset, apex, offset, 0, label, "4", None])
    write_workbook(root / "SAMM_LongVideos_V3_Release.xlsx", {"Sheet1": rows})


def make_cas_me2(root, n_videos, n_frames):
    rows = []
    for i in range(n_videos):
        subject, code = i // len(CODES) + 15, CODES[i % len(CODES)]
        folder = root / "rawpic" / f"s{subject}" / f"{subject}_{code}clip"
        write_images(folder, "img{}.jpg", n_frames)
        for k, span in enumerate(spans(n_frames)):
            label = "micro-expression" if k else "macro-expression"
            rows.append([subject - 14, f"clip{code}_{k}", *span, "4", "negative", label, "fear"])
    subjects = sorted({row[0] for row in rows})
    sheets = {
        "expressions": rows,
        "subjects": [[number + 14, f"s{number + 14}", number] for number in subjects],
        "videos": [[code, f"clip{code}"] for code in CODES],
    }
    write_workbook(root / "CAS(ME)^2code_final(Updated).xlsx", sheets)


def make_cas_me3(root, n_videos, n_frames):
    micro = [["Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion"]]
    macro = [["sub", "seq", "onset", "apex", "offset", "emotion"]]
    for i in range(n_videos):
        subject, letter = f"spNO.{i // 13 + 1}", "abcdefghijklm"[i % 13]
        folder = root / "data" / "part_A" / subject / letter
        write_images(folder / "color", "{}.jpg", n_frames)
        write_images(folder / "depth", "{}.png", n_frames)
        first, *others = spans(n_frames)
        macro.append([subject, letter, *first, "happy"])
        micro += [[subject, letter, *span, "4", 1, "fear"] for span in others]
    name = "cas(me)3_part_A_{}_label_JpgIndex_v2.xlsx"
    write_workbook(root / "annotation" / name.format("ME"), {"label": micro})
    write_workbook(root / "annotation" / name.format("MaE"), {"Sheet1": macro})


def make_smic_long(root, n_videos, n_frames):
    names = ("OnsetF", "OffsetF", "Onset2F", "Offset2F", "Onset3F", "Offset3F", "FirstF", "LastF")
    rows = [["Subject", "Filename", *names]]
    first = 5001
    for i in range(n_videos):
        subject, video = i // 10 + 1, f"s{i // 10 + 1}_ne_{i % 10 + 1:02d}"
        folder = root / "HS_long" / "SMIC-HS-E" / "HS" / f"s{subject:02d}" / video
        write_images(folder, "image{}.jpg", n_frames, first)
        frames = [
            first - 1 + frame for onset, _, offset in spans(n_frames) for frame in (onset, offset)
        ]
        rows.append([subject, video, *frames, first, first + n_frames - 1])
    write_workbook(root / "HS_long" / "SMIC-HS-E_annotation.xlsx", {"Sheet1": rows})


TREES = {
    "load_samm_lv": make_samm_lv,
    "load_cas_me2": make_cas_me2,
    "load_cas_me3": make_cas_me3,
    "load_smic_long": make_smic_long,
}


def spans(n_frames):
    """Return onset, apex and offset of three expressions, one in each third of a video."""
    return [
        (n_frames * k // 3 + 10, n_frames * k // 3 + 14, n_frames * k // 3 + 22) for k in range(3)
    ]


def write_images(folder, name, n_frames, first=1):
    """Write empty files with the names of images."""
    folder.mkdir(parents=True)
    for number in range(first, first + n_frames):
        (folder / name.format(number)).touch()


def write_workbook(path, sheets):
    """Write sheets, each a list of rows, as an .xlsx workbook."""
    import openpyxl

    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    workbook.save(path)


if __name__ == "__main__":
    main()

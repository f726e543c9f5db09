"""Make the reduced head of the package from the face region of ICT-FaceKit.

    python tools/make_head.py FACE_NPZ skspot/datasets/synthetic/head.npz

It keeps the narrow face area, 30 identity modes and the blendshapes that the package uses.
Displacements are stored as whole multiples of a step for each mode, which compresses well.
"""

import sys

import numpy as np

N_VERTICES = 6706  # the narrow face area: without ears and neck
N_IDENTITY = 30
STEP = 0.001  # cm: 0.01 px of a face of 128 px
LEFT_OUT = ("eye", "jawForward", "cheekRaiser")  # lids move by another rule


def _as_steps(displacements, step):
    """Return displacements as the smallest integers of the given step."""
    steps = np.rint(displacements.astype(np.float64) / step)
    return steps.astype(np.int8 if np.abs(steps).max() < 128 else np.int16)


def main(source, target):
    """Write the reduced head."""
    face = np.load(source)
    names = [name for name in face["expression_names"] if not name.startswith(LEFT_OUT)]
    index = [list(face["expression_names"]).index(name) for name in names]
    expressions = face["expressions"][index, :N_VERTICES].astype(np.float64)
    identity = face["identity"][:N_IDENTITY, :N_VERTICES].astype(np.float64)
    identity_step = np.abs(identity).max(axis=(1, 2)) / 127
    triangles = face["triangles"]
    inside = (triangles < N_VERTICES).all(axis=1)
    new_index = np.cumsum(inside) - 1
    mesh_triangle = face["mp_triangle"]
    mesh_valid = face["mp_ok"] & inside[mesh_triangle]
    landmarks = face["landmarks68"]
    assert (landmarks < N_VERTICES).all()
    np.savez_compressed(
        target,
        mean=face["mean"][:N_VERTICES].astype(np.float32),
        triangles=triangles[inside].astype(np.uint16),
        identity=np.stack([_as_steps(m, s) for m, s in zip(identity, identity_step)]),
        identity_step=identity_step.astype(np.float32),
        expressions=_as_steps(expressions, STEP).transpose(0, 2, 1),
        expression_step=np.float32(STEP),
        expression_names=np.array(names),
        landmarks=landmarks.astype(np.uint16),
        mesh_triangle=np.where(mesh_valid, new_index[mesh_triangle], 0).astype(np.uint16),
        mesh_weights=face["mp_weights"].astype(np.float16),
        mesh_valid=mesh_valid,
    )
    print(f"{len(names)} blendshapes, {mesh_valid.sum()} mesh points")


if __name__ == "__main__":
    main(*sys.argv[1:])

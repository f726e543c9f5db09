"""What the authors' public code calls the weights of SpotFormer."""

_NORM = {
    f"norm.{name}": f"norm.{name}"
    for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
}
_ATTENTION = _NORM | {
    "qkv.weight": "to_qkv.weight",
    "out.weight": "to_out.0.weight",
    "out.bias": "to_out.0.bias",
}
_FEED_FORWARD = _NORM | {
    "expand.weight": "net.0.weight",
    "expand.bias": "net.0.bias",
    "contract.weight": "net2.0.weight",
    "contract.bias": "net2.0.bias",
}
_DOWNSAMPLING = _NORM | {"convolution.weight": "downCNN.weight"}

# Blocks of stage i = 0-3, the last three of which only stages 0 and 1 have: our name, the authors'
# name of i and i + 1, and the names within.
_BLOCKS = (
    ("temporal_attention", "layers.{0}.0", _ATTENTION),
    ("temporal_feed_forward", "layers.{0}.1", _FEED_FORWARD),
    ("downsampling", "temporal_downsample_layers.{0}.0", _DOWNSAMPLING),
    ("spatial_attention", "gattn{1}", _ATTENTION),
    ("spatial_feed_forward", "gff{1}", _FEED_FORWARD),
    ("pooling", "gdown{1}", _NORM),
)


def authors_names():
    """Yield each name in our state dict with the authors' name for it."""
    for name, theirs in _NORM.items():
        yield f"embedding.{name}", theirs
    for kind in ("weight", "bias"):
        yield f"embedding.projection.{kind}", f"to_patch_embedding.{kind}"
        yield f"head.{kind}", f"mlp_head.{kind}"
    yield "embedding.time", "temporal_pos_embedding"
    yield "embedding.parts", "spatial_pos_embedding"
    for i in range(4):
        for ours, theirs, names in _BLOCKS if i < 2 else _BLOCKS[:3]:
            theirs = theirs.format(i, i + 1)
            for name, their_name in names.items():
                yield f"stages.{i}.{ours}.{name}", f"transformer.{theirs}.{their_name}"


def refuse_names(state_dict, expected):
    """Raise ValueError if the state dict has not exactly the expected names."""
    missing = sorted(expected - set(state_dict))
    unexpected = sorted(set(state_dict) - expected)
    if missing or unexpected:
        raise ValueError(
            f"The state dict is not that of the authors' SpotFormer: {len(missing)} names are "
            f"missing {_first(missing)}, {len(unexpected)} are unexpected {_first(unexpected)}."
        )


def _first(names, n_shown=5):
    """Return the first of many names as text."""
    return "[" + ", ".join([*map(repr, names[:n_shown]), *["..."] * (len(names) > n_shown)]) + "]"


def refuse_shapes(state_dict, expected):
    """Raise ValueError if a tensor of the state dict has not the expected shape."""
    wrong = [
        f"{name} is {tuple(state_dict[name].shape)}, expected {tuple(shape)}"
        for name, shape in expected.items()
        if state_dict[name].shape != shape
    ]
    if wrong:
        raise ValueError(f"The weights do not fit the sizes given: {'; '.join(wrong)}.")

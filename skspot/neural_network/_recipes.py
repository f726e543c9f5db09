"""The parameters of training: ours where they differ from the parts' own, and the paper's."""

# Where the defaults differ from those of `SpotFormer` and `SpotFormerLoss`, which are the paper's:
# a network that trains in minutes on an ordinary CPU, and a loss in which macro-expressions and the
# expression scores, from which `decode_boundaries` gains, count fully.
DEFAULTS = {
    "module__dim": 32,
    "module__heads": 2,
    "module__dim_head": 16,
    "module__mlp_dim": 32,
    "module__dropout": 0.0,
    "criterion__macro_weight": 1.0,
    "criterion__expression_weight": 1.0,
    "optimizer__weight_decay": 0.1,
}

# The published recipe; the network's and the loss's own defaults are the paper's already.
PAPER = {
    "module__dim": 256,
    "module__heads": 4,
    "module__dim_head": 64,
    "module__mlp_dim": 256,
    "module__dropout": 0.1,
    "criterion__macro_weight": 0.5,
    "criterion__expression_weight": 0.1,
    "criterion__normalize": False,
    "optimizer__weight_decay": 0.1,
    "segment_length": 16,
    "neutral_ratio": 0.0,
    "planted_micro": 0.0,
    "planted_macro": 0.0,
    "mirror": 0.0,
    "motion_scale": 0.0,
    "motion_noise": 0.0,
    "decoding": "apexes",
    "macro_threshold": 0.0,
    "micro_threshold": 0.0,
    "lr": 2e-4,
    "lr_decay": 0.96,
    "max_epochs": 100,
    "batch_size": 512,
    # So large a network needs all the cores there are.
    "n_threads": None,
}

import copy
import pickle

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from skspot.neural_network._spotformer import SpotFormer

SMALL = {"dim": 32, "heads": 2, "dim_head": 16, "mlp_dim": 32}


@pytest.fixture(scope="module")
def reference(golden):
    return np.load(golden / "spotformer_reference.npz")


def small(**options):
    torch.manual_seed(0)
    return SpotFormer(**(SMALL | {"dropout": 0.0} | options))


def windows(n=6, channels=2, positions=16, nodes=10):
    return torch.randn(n, channels, positions, nodes, generator=torch.manual_seed(1))


def assert_agree(got, expected):
    """Agreement relative to the largest value: 1e-5, in the shape without the unit axes."""
    expected = torch.as_tensor(expected).reshape(got.shape)
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-5 * expected.abs().max().item())


@pytest.fixture
def authors_weights(reference):
    prefix = "state/"
    return {
        name.removeprefix(prefix): torch.as_tensor(reference[name])
        for name in reference.files
        if name.startswith(prefix)
    }


@pytest.mark.parametrize("n_positions", [16, 17])
def test_inference_agrees_with_reference(reference, authors_weights, n_positions):
    module = SpotFormer.from_authors_state_dict(
        authors_weights, heads=2, dim_head=16, n_positions=n_positions
    ).eval()
    with torch.inference_mode():
        logits, embedding = module(torch.as_tensor(reference[f"eval{n_positions}/input"]))
    assert_agree(logits, reference[f"eval{n_positions}/logits"])
    assert_agree(embedding, reference[f"eval{n_positions}/embedding"])


def test_training_agrees_with_reference(reference, authors_weights):
    module = SpotFormer.from_authors_state_dict(authors_weights, heads=2, dim_head=16, dropout=0.0)
    x = torch.as_tensor(reference["train16/input"]).requires_grad_()
    logits, _ = module(x)
    logits.square().sum().backward()
    assert_agree(logits.detach(), reference["train16/logits"])
    assert_agree(x.grad, reference["train16/input_grad"])


def test_default_size():
    module = SpotFormer.paper()
    assert sum(p.numel() for p in module.parameters()) == 3_168_778
    assert module.lengths == (16, 7, 3, 2, 1)


def test_authors_state_dict_round_trip(authors_weights):
    module = SpotFormer.from_authors_state_dict(authors_weights, heads=2, dim_head=16)
    again = module.authors_state_dict()
    assert again.keys() == authors_weights.keys()
    for name, values in authors_weights.items():
        torch.testing.assert_close(again[name], values, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("n_positions", "paddings"),
    [
        (16, (0, 0, 1, 1)),
        (17, (0, 0, 1, 1)),
        (17, (1, 1, 1, 0)),
        (2, (1, 1, 1, 1)),
        (8, (1, 1, 1, 1)),
        (31, (0, 0, 0, 0)),
    ],
)
@pytest.mark.parametrize(
    "sizes", [{}, {"n_channels": 4, "mlp_dim": 48, "part_sizes": (2, 1)}], ids=str
)
def test_authors_state_dict_tells_the_sizes(n_positions, paddings, sizes):
    module = small(n_positions=n_positions, paddings=paddings, **sizes).train()
    x = windows(32, sizes.get("n_channels", 2), n_positions, sum(module.part_sizes))
    module(x)  # moves the batch statistics
    weights = {name: values.clone() for name, values in module.authors_state_dict().items()}
    assert weights["temporal_pos_embedding"].shape[1] == n_positions + 2
    other = SpotFormer.from_authors_state_dict(
        weights, heads=2, dim_head=16, paddings=paddings, part_sizes=module.part_sizes
    )
    assert other.n_positions == n_positions
    torch.testing.assert_close(other.eval()(x), module.eval()(x), rtol=0, atol=0)


def test_authors_later_code_has_17_positions_for_18_rows(authors_weights):
    sizes = {"heads": 2, "dim_head": 16, "paddings": (1, 1, 1, 0)}
    module = SpotFormer.from_authors_state_dict(authors_weights, n_positions=17, **sizes)
    assert module(windows(positions=17))[0].shape == (6, 10)
    assert module.authors_state_dict()["temporal_pos_embedding"].shape == (1, 18, 32)
    with pytest.raises(ValueError, match="n_positions=16 .* must end at 1"):
        SpotFormer.from_authors_state_dict(authors_weights, **sizes)


@pytest.mark.parametrize("n_rows", [16, 25])
def test_rows_of_temporal_embeddings_beyond_the_window_do_not_matter(authors_weights, n_rows):
    sizes = {"heads": 2, "dim_head": 16, "n_positions": 16}
    module = SpotFormer.from_authors_state_dict(authors_weights, **sizes).eval()
    table = torch.full((1, n_rows, 32), torch.nan)
    table[:, :16] = authors_weights["temporal_pos_embedding"][:, :16]
    authors_weights["temporal_pos_embedding"] = table
    other = SpotFormer.from_authors_state_dict(authors_weights, **sizes).eval()
    torch.testing.assert_close(other(windows()), module(windows()), rtol=0, atol=0)


def test_authors_state_dict_of_a_shorter_window():
    weights = small(n_positions=8, paddings=(1, 1, 1, 1)).authors_state_dict()
    match = r"temporal_pos_embedding is \(1, 10, 32\), expected \(1, 16, 32\)"
    with pytest.raises(ValueError, match=match):
        SpotFormer.from_authors_state_dict(weights, heads=2, dim_head=16, n_positions=16)


def test_authors_state_dict_names_what_is_wrong():
    weights = small().authors_state_dict()
    weights["extra"] = weights.pop("mlp_head.bias")
    with pytest.raises(ValueError, match=r"1 names are missing \['mlp_head.bias'\].*\['extra'\]"):
        SpotFormer.from_authors_state_dict(weights, heads=2, dim_head=16)


def test_authors_state_dict_of_another_head_size():
    weights = small().authors_state_dict()
    with pytest.raises(ValueError, match=r"to_qkv.weight is \(96, 32\), expected \(192, 32\)"):
        SpotFormer.from_authors_state_dict(weights, heads=4, dim_head=16)


@pytest.mark.parametrize(
    ("n_positions", "paddings", "lengths"),
    [
        (17, (0, 0, 1, 1), (17, 8, 3, 2, 1)),
        (17, (1, 1, 1, 0), (17, 9, 5, 3, 1)),
        (31, (0, 0, 0, 0), (31, 15, 7, 3, 1)),
    ],
)
def test_other_windows(n_positions, paddings, lengths):
    module = small(n_positions=n_positions, paddings=paddings)
    assert module.lengths == lengths
    logits, embedding = module(windows(positions=n_positions))
    assert logits.shape == (6, 10)
    assert embedding.shape == (6, 32)


@pytest.mark.parametrize(
    ("n_positions", "paddings", "match"),
    [
        (16, (0, 0, 0, 0), "16 -> 7 -> 3 -> 1 -> 0"),
        (32, (0, 0, 1, 1), "32 -> 15 -> 7 -> 4 -> 2"),
        (1, (0, 0, 1, 1), "must end at 1"),
        (16, (0, 0, 1), "four numbers"),
        (16, (0, 0, 1, 5), "four numbers"),
    ],
)
def test_refuses_windows_that_do_not_end_at_1(n_positions, paddings, match):
    with pytest.raises(ValueError, match=match):
        SpotFormer(n_positions=n_positions, paddings=paddings)


@pytest.mark.parametrize(
    "option",
    [
        {"dim": 0},
        {"heads": 1.5},
        {"dim_head": -1},
        {"mlp_dim": 0},
        {"n_channels": 0},
        {"part_sizes": (3, 0, 4)},
        {"dropout": 1.0},
        {"attention": "nodes"},
        {"attention": None},
        {"node_pooling": "max"},
        {"node_pooling": ["mean"]},
        {"downsampling": "mean"},
    ],
    ids=str,
)
def test_refuses_bad_options(option):
    with pytest.raises(ValueError, match=next(iter(option))):
        SpotFormer(**option)


@pytest.mark.parametrize(
    "shape", [(6, 1, 2, 16, 10), (2, 16, 10), (6, 16, 10, 2), (6, 2, 17, 10), (6, 3, 16, 10)]
)
def test_refuses_other_shapes(shape):
    with pytest.raises(ValueError, match=r"\(n_windows, 2, 16, 10\).*got") as error:
        small()(torch.zeros(shape))
    assert str(tuple(shape)) in str(error.value)


@pytest.mark.parametrize(
    "option",
    [
        {"dim": 64},
        {"heads": 4, "dim_head": 8},
        {"heads": 1, "dim_head": 32},
        {"mlp_dim": 64},
        {"part_sizes": (4, 3, 3)},
        {"paddings": (1, 1, 1, 1)},
        {"dropout": 0.3},
        {"attention": "spatial"},
        {"attention": "temporal"},
        {"node_pooling": "mean"},
        {"downsampling": "max-pool"},
    ],
    ids=str,
)
def test_each_option_changes_the_result(option):
    # All weights that have the same shape are the same, so that only the option differs.
    default, changed = small(), small(**option)
    sizes = {name: values.shape for name, values in changed.state_dict().items()}
    weights = {k: v for k, v in default.state_dict().items() if v.shape == sizes.get(k)}
    changed.load_state_dict(weights, strict=False)
    x = windows()
    assert not torch.allclose(changed(x)[0], default(x)[0], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("option", "shape"),
    [({"n_channels": 4}, {"channels": 4}), ({"n_positions": 17}, {"positions": 17})],
    ids=str,
)
def test_options_of_the_input(option, shape):
    x = windows(**shape)
    assert small(**option)(x)[0].shape == (6, 10)
    with pytest.raises(ValueError, match="n_positions"):
        small()(x)


def test_windows_are_scored_one_by_one_in_inference():
    module, x = small().eval(), windows()
    for values, alone in zip(module(x), module(x[2:3])):
        torch.testing.assert_close(values[2:3], alone, rtol=1e-4, atol=1e-5)


def test_nodes_of_a_part_may_be_exchanged_but_not_those_of_two_parts():
    module, x = small().eval(), windows()
    logits = module(x)[0]
    within = module(x[..., [1, 2, 0, 4, 3, 5, 9, 8, 7, 6]])[0]
    across = module(x[..., [3, 4, 5, 0, 1, 2, 6, 7, 8, 9]])[0]
    torch.testing.assert_close(within, logits, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(across, logits, rtol=1e-2, atol=1e-2)


def test_no_windows_in_inference():
    logits, embedding = small().eval()(torch.zeros(0, 2, 16, 10))
    assert logits.shape == (0, 10)
    assert embedding.shape == (0, 32)


def test_training_updates_batch_statistics_and_inference_does_not():
    module, x = small(), windows()
    module.eval()(x)
    norm = module.stages[0].temporal_attention.norm
    assert norm.num_batches_tracked == 0
    module.train()(x)
    assert norm.num_batches_tracked == 1


def test_autocast_on_cpu():
    module, x = small(), windows(32)
    exact = module(x)[0]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits, embedding = module(x)
    (logits.float().square().sum() + embedding.float().sum()).backward()
    error = (logits.float() - exact).abs().mean() / exact.abs().mean()
    assert error < 0.1
    assert all(torch.isfinite(p.grad).all() for p in module.parameters())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda():
    module, x = small(), windows(32)
    exact = module.eval()(x)[0]
    module.cuda()
    torch.testing.assert_close(module(x.cuda())[0].cpu(), exact, rtol=1e-3, atol=1e-3)
    module = small(dropout=0.1).cuda()
    with torch.autocast("cuda", dtype=torch.bfloat16):
        logits, _ = module(x.cuda())
    logits.float().square().sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in module.parameters())


# -- variants --------------------------------------------------------------------------------------

VARIANTS = [
    {},
    {"attention": "spatial"},
    {"attention": "temporal"},
    {"node_pooling": "mean"},
    {"downsampling": "max-pool"},
    {"attention": "spatial", "node_pooling": "mean", "downsampling": "max-pool"},
    {"attention": "temporal", "node_pooling": "mean", "downsampling": "max-pool"},
]
variants = pytest.mark.parametrize("variant", VARIANTS, ids=str)


def tokens(time=16, nodes=10, seed=3):
    return torch.randn(4, time, nodes, 32, generator=torch.manual_seed(seed))


def with_statistics(module):
    """Give all batch normalisations statistics and weights of their own, in inference mode."""
    generator = torch.manual_seed(2)
    for norm in module.modules():
        if isinstance(norm, torch.nn.BatchNorm1d):
            for values in (norm.running_mean, norm.running_var, norm.weight.data, norm.bias.data):
                values.uniform_(0.5, 1.5, generator=generator)
    return module.eval()


def normalised(block, x):
    """Batch normalisation of inference by its definition."""
    norm = block.norm
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return (x - norm.running_mean) * scale + norm.bias


@variants
def test_every_parameter_gets_a_finite_gradient(variant):
    module = small(dropout=0.1, **variant)
    logits, embedding = module(windows(32))
    assert logits.shape == (32, 10)
    assert embedding.shape == (32, 32)
    (logits.square().sum() + embedding.square().sum()).backward()
    for name, parameter in module.named_parameters():
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.any(), name


@variants
def test_variant_has_its_blocks(variant):
    module = SpotFormer.paper(**variant)
    attention = variant.get("attention", "both")
    common = {"downsampling"}
    if attention != "spatial":
        common |= {"temporal_attention", "temporal_feed_forward"}
    several_nodes = common | {"pooling"}
    if attention != "temporal":
        several_nodes |= {"spatial_attention", "spatial_feed_forward"}
    blocks = [{name for name, _ in stage.named_children()} for stage in module.stages]
    assert blocks == [several_nodes, several_nodes, common, common]


@pytest.mark.parametrize(
    ("variant", "n_attention", "n_convolutions"),
    [
        ({}, 6, 4),
        ({"attention": "spatial"}, 2, 4),
        ({"attention": "temporal"}, 4, 4),
        ({"node_pooling": "mean"}, 6, 4),
        ({"downsampling": "max-pool"}, 6, 0),
        ({"attention": "spatial", "downsampling": "max-pool"}, 2, 0),
    ],
    ids=str,
)
def test_variant_has_as_many_parameters_as_its_blocks(variant, n_attention, n_convolutions):
    dim, inner, hidden, norm = 256, 4 * 64, 256, 2 * 256
    attention = norm + dim * 3 * inner + inner * dim + dim
    feed_forward = norm + dim * hidden + hidden + hidden * dim + dim
    embedding = 2 * dim + dim + norm + 18 * dim + 3 * dim
    expected = (
        embedding
        + n_attention * (attention + feed_forward)
        + n_convolutions * 3 * dim * dim
        + 6 * norm  # of two poolings and four downsamplings
        + dim * 10
        + 10
    )
    assert sum(p.numel() for p in SpotFormer.paper(**variant).parameters()) == expected


@variants
def test_variant_survives_copies(variant):
    module = small(**variant)
    module(windows())
    loaded = small(**variant)
    loaded.load_state_dict(module.state_dict())
    expected = module.eval()(windows())
    for other in (pickle.loads(pickle.dumps(module)), copy.deepcopy(module), loaded):
        assert other.variant == module.variant
        torch.testing.assert_close(other.eval()(windows()), expected, rtol=0, atol=0)


@variants
def test_only_the_published_network_has_the_authors_names(variant):
    module = small(**variant)
    if not variant:
        assert module.authors_state_dict()
        return
    with pytest.raises(ValueError, match="Only the published network") as error:
        module.authors_state_dict()
    for name, value in variant.items():
        assert f"{name}={value!r}" in str(error.value)


def attended(module, x, stage=0):
    """Return the tokens after the attention and feed-forward blocks of a stage."""
    for name, block in module.stages[stage].named_children():
        if name not in ("pooling", "downsampling"):
            x = block(x)
    return x


@pytest.mark.parametrize(
    ("attention", "mixes_nodes", "mixes_time"),
    [("both", True, True), ("spatial", True, False), ("temporal", False, True)],
)
def test_attention_mixes_its_axes_only(attention, mixes_nodes, mixes_time):
    module, x = with_statistics(small(attention=attention)), tokens()
    before = attended(module, x)
    for axis, mixes in ((1, mixes_time), (2, mixes_nodes)):
        changed = x.clone()
        changed.select(axis, 5).copy_(tokens(seed=4).select(axis, 5))
        differs = (attended(module, changed) - before).abs().amax((0, 3)) > 1e-5
        if axis == 2:
            differs = differs.T
        # Rows are places on the axis: 5 was changed in every column, the rest only by attention.
        assert differs[5].all()
        assert differs[[i for i in range(len(differs)) if i != 5]].all() == mixes
        assert differs[[i for i in range(len(differs)) if i != 5]].any() == mixes


@pytest.mark.parametrize("node_pooling", ["flgp", "mean"])
@pytest.mark.parametrize(("stage", "nodes"), [(0, 10), (1, 3)])
def test_node_pooling_by_its_definition(node_pooling, stage, nodes):
    pooling = with_statistics(small(node_pooling=node_pooling)).stages[stage].pooling
    x = tokens(nodes=nodes)
    parts = [slice(0, 3), slice(3, 6), slice(6, 10)] if stage == 0 else [slice(0, 3)]
    pool = {"flgp": np.max, "mean": np.mean}[node_pooling]
    values = normalised(pooling, x).detach().numpy()
    expected = np.stack([pool(values[:, :, part], axis=2) for part in parts], axis=2)
    np.testing.assert_allclose(pooling(x).detach(), expected, atol=1e-5)


@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("time", [3, 4, 7, 16])
def test_downsampling_by_its_definition(time, padding):
    x = tokens(time=time, nodes=3)
    for name in ("convolution", "max-pool"):
        block = with_statistics(small(downsampling=name)).stages[0].downsampling
        block.padding = padding
        # As torch has it: one sequence for each window and node, channels before time.
        rows = normalised(block, x).permute(0, 2, 3, 1).flatten(0, 1)
        if name == "convolution":
            expected = F.conv1d(rows, block.convolution.weight, stride=2, padding=padding)
        else:
            # torch pads a maximum by at most half its length.
            edges = F.pad(rows, (padding, padding), value=-torch.inf)
            expected = F.max_pool1d(edges, kernel_size=3, stride=2)
            if padding < 2:
                torch.testing.assert_close(
                    expected, F.max_pool1d(rows, 3, stride=2, padding=padding), rtol=0, atol=0
                )
        got = block(x).permute(0, 2, 3, 1).flatten(0, 1)
        torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("padding", [0, 1, 2])
def test_max_pooling_never_sees_padding_alone(padding):
    block = with_statistics(small(downsampling="max-pool")).stages[0].downsampling
    block.padding = padding
    for time in range(max(1, 3 - 2 * padding), 9):
        assert torch.isfinite(block(tokens(time=time))).all(), time

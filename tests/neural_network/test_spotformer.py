import numpy as np
import pytest
import torch

from skspot.neural_network._spotformer import Dropout, SpotFormer

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
    module = SpotFormer()
    assert sum(p.numel() for p in module.parameters()) == 3_168_778
    assert module.lengths == (16, 7, 3, 2, 1)


def test_authors_state_dict_round_trip(authors_weights):
    module = SpotFormer.from_authors_state_dict(authors_weights, heads=2, dim_head=16)
    again = module.authors_state_dict()
    assert again.keys() == authors_weights.keys()
    for name, values in authors_weights.items():
        torch.testing.assert_close(again[name], values, rtol=0, atol=0)


def test_authors_state_dict_of_other_sizes():
    module = small(n_channels=4, mlp_dim=48, n_positions=17, paddings=(1, 1, 1, 0)).eval()
    other = SpotFormer.from_authors_state_dict(
        module.authors_state_dict(), heads=2, dim_head=16, n_positions=17, paddings=(1, 1, 1, 0)
    ).eval()
    x = windows(channels=4, positions=17)
    torch.testing.assert_close(other(x), module(x), rtol=0, atol=0)


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
    ],
    ids=str,
)
def test_each_option_changes_the_result(option):
    # All weights that have the same shape are the same, so that only the option differs.
    default, changed = small(), small(**option)
    sizes = {name: values.shape for name, values in changed.state_dict().items()}
    weights = {k: v for k, v in default.state_dict().items() if v.shape == sizes[k]}
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


def test_every_parameter_gets_a_finite_gradient():
    module = small(dropout=0.1)
    logits, embedding = module(windows(32))
    (logits.square().sum() + embedding.square().sum()).backward()
    for name, parameter in module.named_parameters():
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.any(), name


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


@pytest.mark.parametrize("p", [0.1, 0.5, 0.001])
def test_dropout_keeps_the_mean_and_drops_its_share(p):
    torch.manual_seed(0)
    dropout = Dropout(p)
    y = dropout(torch.ones(1000, 999))
    kept = y[y > 0]
    share = 1 - len(kept) / y.numel()
    assert abs(share - p) < 0.004
    np.testing.assert_allclose(kept, kept[0])
    assert abs(y.mean().item() - 1) < 0.002
    # Neighbouring masks come from one random word: they must not go together.
    dropped = (y.flatten() == 0).double()[: 8 * 100_000].view(-1, 8)
    if p == 0.5:
        assert (torch.corrcoef(dropped.T) - torch.eye(8)).abs().max() < 0.02


def test_dropout_follows_the_seed_and_rests_in_inference():
    x = torch.ones(13, 7)
    dropout = Dropout(0.3)
    torch.manual_seed(0)
    first = dropout(x)
    torch.manual_seed(0)
    torch.testing.assert_close(dropout(x), first, rtol=0, atol=0)
    assert not torch.equal(dropout(x), first)
    assert dropout.eval()(x) is x
    torch.testing.assert_close(dropout.residual(x, x), 2 * x)


def test_dropout_passes_the_gradient_of_what_it_kept():
    x = torch.ones(50, 50, requires_grad=True)
    y = Dropout(0.4)(x)
    y.sum().backward()
    torch.testing.assert_close(x.grad, y.detach())

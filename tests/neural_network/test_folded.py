import numpy as np
import pytest
import torch

from skspot.neural_network import SpotFormer
from skspot.neural_network._folded import FoldedSpotFormer

SMALL = {"dim": 32, "heads": 2, "dim_head": 16, "mlp_dim": 48}

VARIANTS = [
    {},
    {"attention": "spatial"},
    {"attention": "temporal"},
    {"node_pooling": "mean"},
    {"downsampling": "max-pool"},
    {"attention": "spatial", "node_pooling": "mean", "downsampling": "max-pool"},
    {"attention": "temporal", "node_pooling": "mean", "downsampling": "max-pool"},
]

SIZES = [
    {"n_channels": 5},
    {"n_positions": 17},
    {"n_positions": 17, "paddings": (1, 1, 1, 0)},
    {"n_positions": 31, "paddings": (0, 0, 0, 0)},
    {"n_positions": 2, "paddings": (1, 1, 1, 1)},
    {"n_positions": 8, "paddings": (2, 1, 1, 1)},
    {"part_sizes": (2, 1)},
    {"part_sizes": (3, 3, 4, 4)},
    {"heads": 1, "dim_head": 8},
    {"heads": 3, "dim_head": 5},
]

devices = pytest.mark.parametrize(
    "device",
    [
        "cpu",
        pytest.param(
            "cuda",
            marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
        ),
    ],
)


def network(seed=0, **options):
    """Return a network in inference mode, none of whose batch normalisations is trivial."""
    torch.manual_seed(seed)
    module = SpotFormer(**(SMALL | options))
    for norm in module.modules():
        if isinstance(norm, torch.nn.BatchNorm1d):
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.2, 3)
            torch.nn.init.normal_(norm.bias)
            # Negative weights turn a maximum into a minimum; 0 leaves nothing but the bias.
            torch.nn.init.normal_(norm.weight)
            norm.weight.data[::7] = 0
    return module.eval()


def windows(module, n=9):
    shape = (n, module.n_channels, module.n_positions, sum(module.part_sizes))
    return torch.randn(shape, generator=torch.manual_seed(1))


@torch.no_grad()
def assert_folded_agrees(module, x, folded=None):
    expected = module(x)
    for got, values in zip((folded or FoldedSpotFormer(module))(x), expected):
        assert got.shape == values.shape
        assert got.dtype == torch.float32
        torch.testing.assert_close(got, values, rtol=1e-5, atol=1e-5)


@devices
@pytest.mark.parametrize("options", [*VARIANTS, *SIZES], ids=str)
def test_same_function_as_the_network(options, device):
    for seed in range(3):
        module = network(seed, **options)
        assert_folded_agrees(module.to(device), windows(module).to(device))


def test_same_function_in_full_size():
    module = network(dim=256, heads=4, dim_head=64, mlp_dim=256)
    assert_folded_agrees(module, windows(module, n=3))


@pytest.mark.parametrize("n_positions", [16, 17])
def test_agrees_with_reference(golden, n_positions):
    reference = np.load(golden / "spotformer_reference.npz")
    weights = {
        name.removeprefix("state/"): torch.as_tensor(reference[name])
        for name in reference.files
        if name.startswith("state/")
    }
    module = SpotFormer.from_authors_state_dict(
        weights, heads=2, dim_head=16, n_positions=n_positions
    )
    logits, embedding = FoldedSpotFormer(module)(
        torch.as_tensor(reference[f"eval{n_positions}/input"])
    )
    for got, name in ((logits, "logits"), (embedding, "embedding")):
        expected = reference[f"eval{n_positions}/{name}"]
        np.testing.assert_allclose(
            got, expected.reshape(got.shape), rtol=0, atol=1e-5 * np.abs(expected).max()
        )


@pytest.mark.parametrize("chunk_size", [1, 4, 9, 100])
def test_chunks_change_nothing(chunk_size):
    module = network()
    folded = FoldedSpotFormer(module)
    folded.chunk_size = chunk_size
    assert_folded_agrees(module, windows(module), folded)


def test_memory_that_is_used_again_leaks_nothing_into_other_windows():
    module = network()
    folded, x = FoldedSpotFormer(module), windows(module, n=9)
    for part in (x[:7], x[7:], x[2:3], x):  # larger and smaller than before
        assert_folded_agrees(module, part, folded)
    first = folded(x)
    kept = [values.clone() for values in first]
    folded(-x)
    for values, copy in zip(first, kept):
        torch.testing.assert_close(values, copy, rtol=0, atol=0)


def test_no_windows():
    logits, embedding = FoldedSpotFormer(network())(torch.zeros(0, 2, 16, 10))
    assert logits.shape == (0, 10)
    assert embedding.shape == (0, 32)


def test_leaves_the_network_and_the_windows_alone():
    module = network()
    weights = {name: values.clone() for name, values in module.state_dict().items()}
    x = windows(module)
    before = x.clone()
    FoldedSpotFormer(module)(x)
    assert torch.equal(x, before)
    for name, values in module.state_dict().items():
        assert torch.equal(values, weights[name]), name


def test_weights_are_those_of_its_making():
    module = network()
    folded, x = FoldedSpotFormer(module), windows(module)
    expected = folded(x)[0]
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(1)
    torch.testing.assert_close(folded(x)[0], expected, rtol=0, atol=0)


def test_training_mode_of_the_network_does_not_matter():
    module = network(dropout=0.5).train()
    folded = FoldedSpotFormer(module)
    assert module.training
    assert_folded_agrees(module.eval(), windows(module), folded)


@devices
@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_bfloat16_is_near(options, device):
    module = network(**options).to(device)
    x = windows(module, n=64).to(device)
    folded = FoldedSpotFormer(module, torch.bfloat16)
    expected, got = module(x)[0].detach(), folded(x)[0]
    assert got.dtype == torch.float32
    error = (got - expected).square().mean().sqrt() / expected.std()
    assert 1e-5 < error < 0.05

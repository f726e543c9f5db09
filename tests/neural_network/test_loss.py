import numpy as np
import pytest
import torch
from torch.nn import functional as F

from skspot import CLASSES, make_intervals
from skspot.neural_network._loss import SpotFormerLoss, SupervisedContrastiveLoss, focal_loss
from skspot.neural_network._targets import class_logits, frame_targets


@pytest.fixture(scope="module")
def reference(golden):
    return np.load(golden / "spotformer_reference.npz")


@pytest.fixture
def batch():
    """Outputs and targets of 40 frames with both classes."""
    torch.manual_seed(0)
    table = make_intervals([(3, 5, 8, "micro"), (15, 20, 32, "macro")])
    targets = frame_targets(table, 40)._asdict()
    targets = {name: torch.as_tensor(values) for name, values in targets.items()}
    return (torch.randn(40, 10), torch.randn(40, 6)), targets


@pytest.mark.parametrize(("name", "alpha"), [("apex", 0.9), ("action", 0.8)])
def test_focal_loss_of_reference(reference, name, alpha):
    logits, target = (
        torch.as_tensor(reference[f"loss/focal/{key}"]) for key in ("logits", "target")
    )
    loss = focal_loss(logits, target, alpha=alpha)
    np.testing.assert_allclose(loss, reference[f"loss/focal/{name}"], rtol=1e-5)


def test_focal_loss_by_hand():
    p = 1 / (1 + np.exp(-0.4))
    logits = torch.tensor([0.4, 0.4], dtype=torch.float64)
    loss = focal_loss(logits, torch.tensor([0.7, 0.0]), alpha=0.75, gamma=2, smoothing=0.1)
    positive = -0.75 * abs(0.7 - p) ** 2 * np.log(p + 1e-5)
    negative = -0.25 * abs(0.1 - p) ** 2 * np.log(1 - p + 1e-5)
    np.testing.assert_allclose(loss, (positive + negative) / 2, rtol=1e-5)


def test_focal_loss_of_a_negative_vanishes_at_the_smoothing():
    logit = torch.logit(torch.tensor([0.16]))
    assert focal_loss(logit, torch.zeros(1), alpha=0.9).abs() < 1e-7
    assert focal_loss(logit, torch.zeros(1), alpha=0.9, smoothing=0.0) > 1e-3


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_focal_loss_of_extreme_logits_is_finite(dtype):
    logits = torch.tensor([-1e4, 1e4, -1e4, 1e4], dtype=dtype, requires_grad=True)
    loss = focal_loss(logits, torch.tensor([1.0, 1.0, 0.0, 0.0]), alpha=0.9)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


def test_focal_loss_refuses_shapes_that_would_broadcast():
    with pytest.raises(ValueError, match=r"\(3,\) and \(3, 1\)"):
        focal_loss(torch.zeros(3), torch.zeros(3, 1), alpha=0.9)


def test_contrastive_loss_of_reference(reference):
    embedding = torch.as_tensor(reference["loss/supcon/embedding"])[:, 0]
    labels = torch.as_tensor(reference["loss/supcon/labels"])
    loss = SupervisedContrastiveLoss(normalize=False)(embedding, labels)
    np.testing.assert_allclose(loss, reference["loss/supcon/value"], rtol=1e-5)


@pytest.mark.parametrize("options", [{}, {"temperature": 0.1}, {"base_temperature": 0.5}])
def test_contrastive_loss_by_its_definition(options):
    torch.manual_seed(1)
    embedding, labels = torch.randn(7, 5), torch.tensor([0, 1, 1, 2, 2, 2, 3])
    temperature = options.get("temperature", 0.5)
    unit = F.normalize(embedding, dim=1).double().numpy()
    terms = []
    for i in range(7):
        others = [j for j in range(7) if j != i]
        shares = np.exp([unit[i] @ unit[j] / temperature for j in others])
        shares = dict(zip(others, shares / shares.sum()))
        positives = [j for j in others if labels[j] == labels[i]]
        if positives:
            terms.append(-np.mean([np.log(shares[j]) for j in positives]))
    expected = temperature / options.get("base_temperature", 0.07) * np.mean(terms)
    loss = SupervisedContrastiveLoss(**options)(embedding, labels)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


def test_contrastive_loss_ignores_length_only_if_normalised():
    torch.manual_seed(2)
    embedding, labels = torch.randn(8, 4), torch.arange(8) % 2
    unit, raw = SupervisedContrastiveLoss(), SupervisedContrastiveLoss(normalize=False)
    torch.testing.assert_close(unit(embedding, labels), unit(embedding * 7, labels))
    assert not torch.isclose(raw(embedding, labels), raw(embedding * 7, labels))


@pytest.mark.parametrize("labels", [[0, 1, 2], [0]])
@pytest.mark.parametrize("normalize", [True, False])
def test_contrastive_loss_without_pairs_is_zero(labels, normalize):
    embedding = torch.randn(len(labels), 4, requires_grad=True)
    labels = torch.tensor(labels)
    loss = SupervisedContrastiveLoss(normalize=normalize)(embedding, labels)
    loss.backward()
    assert loss == 0
    assert not embedding.grad.any()


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e4])
@pytest.mark.parametrize("normalize", [True, False])
def test_contrastive_loss_and_gradient_are_finite(scale, normalize):
    embedding = (torch.randn(10, 64) * scale).requires_grad_()
    loss = SupervisedContrastiveLoss(normalize=normalize)(embedding, torch.arange(10) % 3)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(embedding.grad).all()


def test_contrastive_loss_refuses_other_shapes():
    with pytest.raises(ValueError, match=r"\(4, 1, 8\)"):
        SupervisedContrastiveLoss()(torch.zeros(4, 1, 8), torch.zeros(4))
    with pytest.raises(ValueError, match=r"\(3,\)"):
        SupervisedContrastiveLoss()(torch.zeros(4, 8), torch.zeros(3))


def test_loss_is_the_weighted_sum(batch):
    (logits, embedding), targets = batch
    apex, expression = targets["apex"], targets["expression"]

    def one_class(label, column, apex_weight):
        boundary_logits, apex_logits, expression_logits = class_logits(logits, label)
        return (
            apex_weight * focal_loss(apex_logits, apex[:, column], alpha=0.9)
            + F.cross_entropy(boundary_logits, targets["boundary"][:, column])
            + focal_loss(expression_logits, expression[:, column], alpha=0.8)
        )

    expected = (
        one_class("micro", 1, 1.8)
        + one_class("macro", 0, 1.0)
        + 0.005 * SupervisedContrastiveLoss()(embedding, targets["contrastive"])
    )
    torch.testing.assert_close(SpotFormerLoss()((logits, embedding), targets), expected)


@pytest.mark.parametrize(
    "option",
    [
        {"micro_apex_weight": 1.0},
        {"macro_apex_weight": 2.0},
        {"boundary_weight": 0.5},
        {"expression_weight": 0.2},
        {"macro_weight": 0.55},
        {"contrastive_weight": 0.0},
        {"apex_alpha": 0.8},
        {"expression_alpha": 0.9},
        {"gamma": 2.0},
        {"smoothing": 0.0},
        {"temperature": 0.1},
        {"base_temperature": 0.1},
        {"normalize": False},
    ],
    ids=lambda option: next(iter(option)),
)
def test_each_option_changes_the_loss(batch, option):
    default, changed = SpotFormerLoss()(*batch), SpotFormerLoss(**option)(*batch)
    assert torch.isfinite(changed)
    assert not torch.isclose(default, changed, rtol=1e-6)


def test_good_outputs_have_a_smaller_loss(batch):
    (logits, embedding), targets = batch
    good = torch.full_like(logits, -4.0)
    for label in CLASSES:
        column = CLASSES.index(label)
        boundary, apex, expression = class_logits(torch.arange(10)[None], label)
        good[:, boundary[0]] += 8 * F.one_hot(targets["boundary"][:, column], 3)
        good[:, apex] += 8 * (targets["apex"][:, [column]] > 0)
        good[:, expression] += 8 * targets["expression"][:, [column]]
    loss = SpotFormerLoss()
    assert loss((good, embedding), targets) < 0.2 * loss((logits, embedding), targets)


def test_gradient_reaches_every_output(batch):
    outputs, targets = batch
    outputs = [values.requires_grad_() for values in outputs]
    SpotFormerLoss()(outputs, targets).backward()
    for values in outputs:
        assert torch.isfinite(values.grad).all()
        assert values.grad.abs().sum(0).all()

"""The training loss of SpotFormer.

Source: Deng, Hayashi, Nagahara, "SpotFormer: Multi-Scale Spatio-Temporal Transformer for Facial
Expression Spotting", IEEE Transactions on Affective Computing 2026,
doi 10.1109/TAFFC.2026.3677401, section on training.
"""

from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional as F

from skspot.intervals import CLASSES
from skspot.neural_network._targets import OUTPUT_ORDER, class_logits

# Keeps the logarithm of a score of 0 finite; part of the loss as published.
_EPSILON = 1e-5

# Keep the logarithm of a share finite. The large one is part of the authors' loss and decides its
# value where one similarity takes the whole softmax; unit vectors never come near the small one.
_AUTHORS_GUARD = 1e-6
_GUARD = 1e-20


def focal_loss(
    logits: torch.Tensor,
    targets: torch.Tensor,
    *,
    alpha: float,
    gamma: float = 1.0,
    smoothing: float = 0.16,
) -> torch.Tensor:
    """Compare scores with soft targets, most of which are 0.

    With p the sigmoid of the logit and s the target, the mean over all entries of
    ``-alpha * |s - p|**gamma * log(p + 1e-5)`` where s > 0, and of
    ``-(1 - alpha) * |s + smoothing - p|**gamma * log(1 - p + 1e-5)`` elsewhere.

    Parameters
    ----------
    logits : Tensor of any shape
        Scores before the sigmoid.
    targets : Tensor of the same shape
        Targets in [0, 1].
    alpha : float
        Weight of the entries with a target above 0; the others weigh ``1 - alpha``.
    gamma : float, default=1.0
        Exponent that reduces the weight of entries that are nearly right.
    smoothing : float, default=0.16
        The score at which the loss of an entry with target 0 is zero.

    Returns
    -------
    loss : Tensor, scalar
        The mean loss.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> import torch
    >>> from skspot.neural_network import focal_loss
    >>> focal_loss(torch.tensor([3.0, -3.0]), torch.tensor([1.0, 0.0]), alpha=0.9)
    tensor(0.0013)
    """
    if logits.shape != targets.shape:
        raise ValueError(
            f"logits and targets must have one shape, got {tuple(logits.shape)} and "
            f"{tuple(targets.shape)}."
        )
    # In half precision 1 - p + 1e-5 would round to 0 or 1.
    logits = logits.float()
    scores = torch.sigmoid(logits)
    positive = targets > 0
    # sigmoid(-logit) is 1 - p without the cancellation.
    log_score = torch.log(torch.where(positive, scores, torch.sigmoid(-logits)) + _EPSILON)
    distance = (targets + (~positive) * smoothing - scores).abs()
    weight = torch.where(positive, alpha, 1 - alpha)
    return -(weight * distance**gamma * log_score).mean()


class SupervisedContrastiveLoss(nn.Module):
    """Supervised contrastive loss: embeddings of one class together, others apart.

    For each sample with another one of its class, the mean, over those others, of the negative
    logarithm of their softmax share among all other samples, times
    ``temperature / base_temperature``; averaged over these samples.

    Parameters
    ----------
    temperature : float, default=0.5
        Divides the similarities (inner products) of embeddings.
    base_temperature : float, default=0.07
        Scales the loss.
    normalize : bool, default=True
        Compare unit vectors, as in [1]_. The code of the SpotFormer authors does not; with long
        embeddings, the largest similarity then dominates the softmax.

    References
    ----------
    .. [1] P. Khosla et al., "Supervised Contrastive Learning", NeurIPS 2020.

    Examples
    --------
    >>> import torch
    >>> from skspot.neural_network import SupervisedContrastiveLoss
    >>> embedding = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> loss = SupervisedContrastiveLoss()
    >>> loss(embedding, torch.tensor([0, 0, 1, 1])) < loss(embedding, torch.tensor([0, 1, 0, 1]))
    tensor(True)
    """

    def __init__(
        self, temperature: float = 0.5, base_temperature: float = 0.07, normalize: bool = True
    ):
        super().__init__()
        self.temperature = temperature
        self.base_temperature = base_temperature
        self.normalize = normalize

    def forward(self, embedding: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return the loss of a batch.

        Parameters
        ----------
        embedding : Tensor of shape (n_samples, dim)
            The embeddings.
        labels : Tensor of shape (n_samples,)
            The class of each sample.

        Returns
        -------
        loss : Tensor, scalar
            The loss; 0 if no class has two samples.

        Raises
        ------
        ValueError
            If the shapes do not fit.
        """
        if embedding.ndim != 2 or labels.shape != embedding.shape[:1]:
            raise ValueError(
                "Expected embedding (n_samples, dim) and labels (n_samples,), got "
                f"{tuple(embedding.shape)} and {tuple(labels.shape)}."
            )
        # Similarities in half precision would overflow or lose the small ones.
        with torch.autocast(embedding.device.type, enabled=False):
            embedding = embedding.float()
            if self.normalize:
                embedding = F.normalize(embedding, dim=1)
            similarity = embedding @ embedding.T / self.temperature
        is_self = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        pairs = (labels[:, None] == labels) & ~is_self
        log_share = _log_share(similarity, is_self, _GUARD if self.normalize else _AUTHORS_GUARD)
        n_pairs = pairs.sum(1)
        mean_log_share = (log_share * pairs).sum(1) / n_pairs.clamp(min=1)
        n_anchors = (n_pairs > 0).sum().clamp(min=1)
        return -self.temperature / self.base_temperature * mean_log_share.sum() / n_anchors


class SpotFormerLoss(nn.Module):
    """The weighted sum of boundary, apex, expression and contrastive losses.

    For each class, ``apex_weight * focal(apex) + cross_entropy(boundary) + expression_weight *
    focal(expression)``; that of micro-expressions, plus `macro_weight` times that of
    macro-expressions, plus `contrastive_weight` times the supervised contrastive loss.

    Parameters
    ----------
    micro_apex_weight : float, default=1.8
        Weight of the apex loss of micro-expressions.
    macro_apex_weight : float, default=1.0
        Weight of the apex loss of macro-expressions, before `macro_weight`.
    boundary_weight : float, default=1.0
        Weight of the boundary losses.
    expression_weight : float, default=1.0
        Weight of the expression losses, whose scores `decode_boundaries` uses. The authors decode
        from apexes and use 0.1.
    macro_weight : float, default=1.0
        Weight of all losses of macro-expressions. The authors use 0.5 for CAS(ME)^2 and CAS(ME)^3,
        and 0.55 for SAMM-LV.
    contrastive_weight : float, default=0.005
        Weight of the contrastive loss; 0 leaves it out.
    apex_alpha, expression_alpha : float, default=0.9, 0.8
        `alpha` of the focal losses.
    gamma, smoothing : float, default=1.0, 0.16
        Of all focal losses.
    temperature, base_temperature : float, default=0.5, 0.07
        Of `SupervisedContrastiveLoss`.
    normalize : bool, default=True
        Of `SupervisedContrastiveLoss`.

    Examples
    --------
    >>> import torch
    >>> from skspot import make_intervals
    >>> from skspot.neural_network import SpotFormerLoss
    >>> from skspot.neural_network import frame_targets
    >>> targets = frame_targets(make_intervals([(2, 4, 6, "micro")]), n_frames=9)._asdict()
    >>> targets = {name: torch.as_tensor(values) for name, values in targets.items()}
    >>> SpotFormerLoss()((torch.zeros(9, 10), torch.zeros(9, 4)), targets).shape
    torch.Size([])
    """

    def __init__(
        self,
        *,
        micro_apex_weight: float = 1.8,
        macro_apex_weight: float = 1.0,
        boundary_weight: float = 1.0,
        expression_weight: float = 1.0,
        macro_weight: float = 1.0,
        contrastive_weight: float = 0.005,
        apex_alpha: float = 0.9,
        expression_alpha: float = 0.8,
        gamma: float = 1.0,
        smoothing: float = 0.16,
        temperature: float = 0.5,
        base_temperature: float = 0.07,
        normalize: bool = True,
    ):
        super().__init__()
        self.apex_weights = {"micro": micro_apex_weight, "macro": macro_apex_weight}
        self.class_weights = {"micro": 1.0, "macro": macro_weight}
        self.boundary_weight = boundary_weight
        self.expression_weight = expression_weight
        self.contrastive_weight = contrastive_weight
        self.apex_alpha = apex_alpha
        self.expression_alpha = expression_alpha
        self.gamma = gamma
        self.smoothing = smoothing
        self.contrastive = SupervisedContrastiveLoss(temperature, base_temperature, normalize)

    def forward(
        self, outputs: tuple[torch.Tensor, torch.Tensor], targets: Mapping[str, torch.Tensor]
    ) -> torch.Tensor:
        """Return the loss of a batch.

        Parameters
        ----------
        outputs : tuple of Tensor
            What `SpotFormer` returns: logits of shape (n_windows, 10) and embeddings of shape
            (n_windows, dim).
        targets : mapping of str to Tensor
            The fields of `FrameTargets` for the centre frame of each window: `boundary`, `apex`
            and `expression` of shape (n_windows, 2), `contrastive` of shape (n_windows,).

        Returns
        -------
        loss : Tensor, scalar
            The loss.
        """
        logits, embedding = outputs
        loss = self._contrastive_loss(embedding, targets)
        for label in OUTPUT_ORDER:
            column = CLASSES.index(label)
            boundary, apex, expression = class_logits(logits, label)
            loss = loss + self.class_weights[label] * (
                self.apex_weights[label]
                * self._focal_loss(apex, targets["apex"][:, column], self.apex_alpha)
                + self.boundary_weight
                * F.cross_entropy(boundary.float(), targets["boundary"][:, column])
                + self.expression_weight
                * self._focal_loss(
                    expression, targets["expression"][:, column], self.expression_alpha
                )
            )
        return loss

    def _focal_loss(self, logits, targets, alpha):
        """Return the focal loss with this module's gamma and smoothing."""
        return focal_loss(logits, targets, alpha=alpha, gamma=self.gamma, smoothing=self.smoothing)

    def _contrastive_loss(self, embedding, targets):
        """Return the weighted contrastive loss."""
        if not self.contrastive_weight:
            return 0.0
        return self.contrastive_weight * self.contrastive(embedding, targets["contrastive"])


def _log_share(similarity, is_self, guard):
    """Return the logarithm of each sample's softmax share among all samples but the row's own."""
    shifted = similarity - similarity.detach().amax(1, keepdim=True)
    total = shifted.exp().masked_fill(is_self, 0.0).sum(1, keepdim=True)
    return shifted - torch.log(total + guard)

"""Variations of training windows that keep their labels."""

import torch


class MotionAugmentation:
    """Mirror faces, scale their motion and add noise, at random for each window.

    Parameters
    ----------
    mirror : float
        Probability of exchanging the left and the right of the face.
    scale : float
        Largest change of the size of the motion, as a factor: 0.3 means 1 / 1.3 to 1.3.
    noise : float
        Standard deviation of the noise added to displacements, in pixels of the normalised face.
    mirrored_nodes : sequence of int or None
        Node i of a mirrored face is node ``mirrored_nodes[i]``. Needed if `mirror` is not 0.
    """

    def __init__(self, *, mirror, scale, noise, mirrored_nodes):
        self.mirror = mirror
        self.scale = scale
        self.noise = noise
        self.mirrored_nodes = mirrored_nodes

    def __call__(self, batch):
        """Return the batch with its windows varied.

        Parameters
        ----------
        batch : tuple of Tensor of shape (n_windows, n_channels, n_positions, n_nodes), and targets
            Channels are pairs (dx, dy).

        Returns
        -------
        batch : tuple
            The varied windows and the same targets.
        """
        x, targets = batch
        if self.mirror:
            mirrored = x[..., list(self.mirrored_nodes)].clone()
            mirrored[:, 0::2] *= -1  # what moves left now moves right
            chosen = torch.rand(len(x), 1, 1, 1) < self.mirror
            x = torch.where(chosen, mirrored, x)
        if self.scale:
            exponent = 2 * torch.rand(len(x), 1, 1, 1) - 1
            x = x * (1 + self.scale) ** exponent
        if self.noise:
            x = x + self.noise * torch.randn_like(x)
        return x, targets

"""Augmentation of training windows that keeps their labels."""

import torch


class MotionAugmentation:
    """Mirror faces, scale their motion and add noise, at random for each window.

    Parameters
    ----------
    mirror_probability : float
        Probability of exchanging the left and the right of the face.
    max_scale : float
        Largest factor of the motion, at least 1: 1.3 means 1 / 1.3 to 1.3.
    noise_std : float
        Standard deviation of the noise added to displacements, in pixels of the normalised face.
    mirrored_nodes : sequence of int or None
        Node i of a mirrored face is node ``mirrored_nodes[i]``; None mirrors no face.
    """

    def __init__(self, *, mirror_probability, max_scale, noise_std, mirrored_nodes):
        self.mirror_probability = mirror_probability
        self.max_scale = max_scale
        self.noise_std = noise_std
        self.mirrored_nodes = mirrored_nodes

    def __call__(self, batch):
        """Return the batch with augmented windows.

        Parameters
        ----------
        batch : tuple of Tensor of shape (n_windows, n_channels, n_positions, n_nodes), and targets
            Channels are pairs (dx, dy).

        Returns
        -------
        batch : tuple
            The augmented windows and the same targets.
        """
        x, targets = batch
        if self.mirror_probability and self.mirrored_nodes is not None:
            mirrored = x[..., list(self.mirrored_nodes)].clone()
            mirrored[:, 0::2] *= -1  # what moves left now moves right
            chosen = torch.rand(len(x), 1, 1, 1) < self.mirror_probability
            x = torch.where(chosen, mirrored, x)
        if self.max_scale > 1:
            exponent = 2 * torch.rand(len(x), 1, 1, 1) - 1
            x = x * self.max_scale**exponent
        if self.noise_std:
            x = x + self.noise_std * torch.randn_like(x)
        return x, targets

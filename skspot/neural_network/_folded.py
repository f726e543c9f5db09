"""SpotFormer for inference: the same function of the windows in fewer and cheaper steps.

In inference mode, batch normalisation scales and shifts each channel, so that the layer after it
can do both. Tokens are one contiguous tensor of shape (n_windows, time, nodes, dim), which the
blocks change in place. What a later layer will add for them is missing from them: their offset.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

from skspot.neural_network._spotformer import (
    AttentionBlock,
    FeedForwardBlock,
    LocalGraphPooling,
    LocalMeanPooling,
    TemporalDownsampling,
    TemporalMaxPooling,
    _taps,
)

# Bytes of the tokens of as many windows as a CPU works on at a time: few enough for the cache.
_CHUNK_BYTES = 4 * 2**20


class FoldedSpotFormer(nn.Module):
    """A SpotFormer in inference mode, with its batch normalisations folded into other layers.

    Parameters
    ----------
    module : SpotFormer
        The network, of any variant and on any device. Its weights are copied: when they change, a
        new `FoldedSpotFormer` is needed.
    dtype : torch.dtype, default=torch.float32
        Number type of weights and tokens. The results are float32 in any case.

    Notes
    -----
    Folded too are the biases of residual updates, into the layers that follow, and the queries,
    keys and values of the first attention, which are linear in the few values of a node as its
    token is.

    Intermediate results live in memory that is used again. Threads that score at the same time need
    a `FoldedSpotFormer` each.

    Examples
    --------
    >>> import torch
    >>> from skspot.neural_network._folded import FoldedSpotFormer
    >>> from skspot.neural_network import SpotFormer
    >>> module = SpotFormer().eval()
    >>> x = torch.randn(5, 2, 16, 10)
    >>> logits, embedding = FoldedSpotFormer(module)(x)
    >>> torch.allclose(logits, module(x)[0], atol=1e-4)
    True
    """

    @torch.no_grad()
    def __init__(self, module, dtype=torch.float32):
        super().__init__()
        scratch, offset = Scratch(), torch.zeros_like(module.head.weight[0])
        blocks = []
        for stage, length in zip(module.stages, module.lengths):
            for block in stage.children():
                blocks.append(_FOLDED[type(block)](block, offset, length, scratch))
                offset = blocks[-1].offset
        blocks[0] = FoldedEntrance(module.embedding, module.n_positions, blocks[0])
        self.blocks = nn.Sequential(*blocks)
        self.head = Constants(weight=module.head.weight, bias=module.head.bias)
        self.to(dtype)
        n_values = module.n_positions * sum(module.part_sizes) * module.head.in_features
        self.chunk_size = max(1, _CHUNK_BYTES // (n_values * dtype.itemsize))

    @torch.inference_mode()
    def forward(self, x):
        """Score each window.

        Parameters
        ----------
        x : Tensor of shape (n_windows, n_channels, n_positions, n_nodes)
            Motion of the nodes, in pixels of the normalised face.

        Returns
        -------
        logits, embedding : float32 Tensor of shape (n_windows, 10) and (n_windows, dim)
            As `SpotFormer` returns them in inference mode.
        """
        values = x.permute(0, 2, 3, 1).to(self.head.weight.dtype)
        chunks = values.split(self.chunk_size) if x.device.type == "cpu" else [values]
        with torch.autocast(x.device.type, enabled=False):  # the number type has been chosen
            embedding = torch.cat([self.blocks(chunk).flatten(1) for chunk in chunks])
            logits = F.linear(embedding, self.head.weight, self.head.bias)
        return logits.float(), embedding.float()


class FoldedEntrance(nn.Module):
    """The embedding and the first attention.

    (n_windows, time, nodes, channels) -> (n_windows, time, nodes, dim).
    """

    def __init__(self, embedding, n_positions, attention):
        super().__init__()
        scale, shift = _scale_and_shift(embedding.norm)
        weight = scale * embedding.projection.weight.T
        places = embedding.time[0, :n_positions, None] + embedding.parts[embedding.part_of_node]
        places = places + scale * embedding.projection.bias + shift
        self.attention = attention
        self.tokens = Constants(weight=weight, places=places.flatten(0, 1))
        places = attention.sequences(places[None]).flatten(0, 2)
        self.heads = nn.ModuleList(
            Constants(weight=weight @ head.weight, places=places @ head.weight + head.bias[:, None])
            for head in attention.heads
        )

    def forward(self, values):
        """Return the tokens after the first attention."""
        shape = (*values.shape[:3], self.tokens.weight.shape[1])
        tokens = self.attention.scratch("tokens", shape, values)
        _place(values.flatten(1, 2), self.tokens.weight, self.tokens.places, out=tokens)
        x = self.attention.sequences(values).flatten(1, 2)

        def project(head, part, out):
            _place(x, head.weight[part], head.places[part], out=out)

        return self.attention.update(tokens, self.heads, project)


class FoldedAttention(nn.Module):
    """Self-attention with its residual, one head after the other to stay in the cache."""

    def __init__(self, block, offset, length, scratch):
        super().__init__()
        self.axis, self.scratch = block.axis, scratch
        self.offset = offset + block.out.bias
        weight, bias = _folded(block.norm, offset, block.qkv)
        weight = weight.T.unflatten(1, (3, block.heads, -1)).permute(2, 1, 0, 3).contiguous()
        bias = bias.unflatten(0, (3, block.heads, -1)).transpose(0, 1).contiguous()
        weight[:, 0] *= block.dim_head**-0.5  # the queries
        bias[:, 0] *= block.dim_head**-0.5
        self.heads = nn.ModuleList(Constants(weight=w, bias=b) for w, b in zip(weight, bias))
        self.out = Constants(weight=block.out.weight.T)

    def sequences(self, x):
        """Exchange the axes of time and nodes, or back, to attend over the last but one."""
        return x if self.axis == "nodes" else x.transpose(1, 2)

    def forward(self, tokens):
        """Return the tokens after attention."""
        x = self.sequences(tokens)
        if not x.is_contiguous():
            x = self.scratch("sequences", x.shape, x).copy_(x)
        rows = _rows(x)

        def project(head, part, out):
            torch.addmm(head.bias[part], rows, head.weight[part], out=out)

        return self.update(tokens, self.heads, project)

    def update(self, tokens, heads, project):
        """Add the attention of each head, from the queries, keys and values of `project`."""
        n_windows, outer, length, _ = self.sequences(tokens).shape
        n_sequences, dim_head = n_windows * outer, len(self.out.weight) // len(heads)
        qkv = self.scratch("qkv", (3, n_sequences * length, dim_head), tokens)
        values = self.scratch("values", (n_sequences, length, dim_head), tokens)
        attended = self.scratch("wide", (*tokens.shape[:3], len(heads), dim_head), tokens)
        for i, head in enumerate(heads):
            for part, out in enumerate(qkv):
                project(head, part, out)
            _attend(qkv.view(3, n_sequences, length, dim_head), out=values)
            self.sequences(attended)[..., i, :] = values.unflatten(0, (n_windows, outer))
        _rows(tokens).addmm_(attended.view(-1, len(self.out.weight)), self.out.weight)
        return tokens


class FoldedFeedForward(nn.Module):
    """Two linear layers with GELU between, and the residual."""

    def __init__(self, block, offset, length, scratch):
        super().__init__()
        self.scratch = scratch
        self.offset = offset + block.contract.bias
        weight, bias = _folded(block.norm, offset, block.expand)
        self.expand = Constants(weight=weight.T, bias=bias)
        self.contract = Constants(weight=block.contract.weight.T)

    def forward(self, tokens):
        """Return tokens of the same shape."""
        rows = _rows(tokens)
        hidden = self.scratch("wide", (len(rows), len(self.expand.bias)), tokens)
        torch.addmm(self.expand.bias, rows, self.expand.weight, out=hidden)
        rows.addmm_(torch.ops.aten.gelu_(hidden), self.contract.weight)
        return tokens


class FoldedPooling(nn.Module):
    """The maximum or the mean over the nodes of each group."""

    def __init__(self, block, offset, length, scratch):
        super().__init__()
        self.pool, self.sizes = block.pool, block.sizes
        scale, self.offset = _scale_and_shift(block.norm, offset)
        self.norm = Constants(scale=scale)

    def forward(self, tokens):
        """Return one token for each group of nodes."""
        groups = tokens.mul_(self.norm.scale).split(self.sizes, dim=2)
        return torch.stack([self.pool(group, dim=2) for group in groups], dim=2)


class FoldedDownsampling(nn.Module):
    """The convolution of 3 time steps with stride 2."""

    def __init__(self, block, offset, length, scratch):
        super().__init__()
        self.padding = block.padding
        self.offset = torch.zeros_like(offset)
        scale, shift = _scale_and_shift(block.norm, offset)
        weight = block.convolution.weight.permute(0, 2, 1)
        # Zeros are padded after the normalisation: its shift is missing from them.
        shifts = _taps(shift.expand(1, length, 1, -1), self.padding, fill=0.0)
        bias = F.linear(torch.cat(shifts, dim=-1), weight.flatten(1))
        self.convolution = Constants(weight=(weight * scale).flatten(1), bias=bias)

    def forward(self, tokens):
        """Return the shorter sequence of tokens."""
        taps = torch.cat(_taps(tokens, self.padding, fill=0.0), dim=-1)
        return F.linear(taps, self.convolution.weight).add_(self.convolution.bias)


class FoldedMaxPooling(nn.Module):
    """The maximum of 3 time steps with stride 2."""

    def __init__(self, block, offset, length, scratch):
        super().__init__()
        self.padding = block.padding
        self.offset = torch.zeros_like(offset)
        scale, shift = _scale_and_shift(block.norm, offset)
        self.norm = Constants(scale=scale, shift=shift)

    def forward(self, tokens):
        """Return the shorter sequence of tokens."""
        normed = tokens.mul_(self.norm.scale).add_(self.norm.shift)
        first, second, third = _taps(normed, self.padding, fill=-torch.inf)
        return torch.maximum(torch.maximum(first, second), third)


class Constants(nn.Module):
    """Tensors that move and change their type with the module they belong to."""

    def __init__(self, **tensors):
        super().__init__()
        for name, tensor in tensors.items():
            copy = tensor.detach().clone(memory_format=torch.contiguous_format)
            self.register_buffer(name, copy)


class Scratch:
    """Memory by name, which is used again.

    Asking the system for large buffers again and again takes a CPU as long as the arithmetic.
    """

    def __init__(self):
        self.buffers = {}

    def __call__(self, name, shape, like):
        """Return a tensor of this shape, of the type and on the device of `like`, not cleared."""
        size, key = math.prod(shape), (name, like.dtype, like.device)
        if key not in self.buffers or len(self.buffers[key]) < size:
            self.buffers[key] = like.new_empty(size)
        return self.buffers[key][:size].view(shape)


_FOLDED = {
    AttentionBlock: FoldedAttention,
    FeedForwardBlock: FoldedFeedForward,
    LocalGraphPooling: FoldedPooling,
    LocalMeanPooling: FoldedPooling,
    TemporalDownsampling: FoldedDownsampling,
    TemporalMaxPooling: FoldedMaxPooling,
}


def _scale_and_shift(norm, offset=0.0):
    """Return what a batch normalisation does to x when it sees x + offset: scale * x + shift."""
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return scale, norm.bias + scale * (offset - norm.running_mean)


def _folded(norm, offset, linear):
    """Return weight and bias of a linear layer and the batch normalisation before it."""
    scale, shift = _scale_and_shift(norm, offset)
    return linear.weight * scale, linear(shift)


def _place(values, weight, places, out):
    """Write a linear function of the values plus what belongs to their places into `out`."""
    n_windows, n_places, _ = values.shape
    out = out.view(n_windows, n_places, weight.shape[1])
    torch.baddbmm(places, values, weight.expand(n_windows, -1, -1), out=out)


def _attend(qkv, out):
    """Write the values that each query attends to into `out`."""
    query, key, value = qkv
    # Weights as (key, query): the softmax over the last but one axis is the fast one on a CPU for
    # sequences this short, and plain products beat the fused attention kernels.
    weights = torch.softmax(torch.bmm(key, query.transpose(1, 2)), dim=1)
    torch.bmm(weights.transpose(1, 2), value, out=out)


def _rows(tokens):
    """Return all tokens on one axis, without a copy."""
    return tokens.view(-1, tokens.shape[-1])

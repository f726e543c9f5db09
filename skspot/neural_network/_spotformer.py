"""The SpotFormer network: a transformer over the facial parts and the time steps of one window.

Between the blocks, tokens are one contiguous tensor of shape (n_windows, time, nodes, dim). Blocks
that treat tokens alone see it as rows, and only attention rearranges it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal, Self

import torch
from torch import nn
from torch.nn import functional as F

from skspot.neural_network._authors_checkpoint import authors_names, refuse_names, refuse_shapes

N_OUTPUTS = 10

# The network that computes in its folded form here and now, and that form.
_FOLDED = ContextVar("folded network", default=(None, None))


class SpotFormer(nn.Module):
    """Score windows of facial motion: onset, apex, offset and presence of expressions.

    Parameters
    ----------
    n_channels : int, default=2
        Values of each node at each window position, such as the displacement (dx, dy) in pixels.
    n_positions : int, default=16
        Window positions T: optical flow in a window of 17 frames has 16.
    part_sizes : tuple of int, default=(3, 3, 4)
        Nodes of each facial part, in the order of the nodes: left eyebrow, right eyebrow, mouth.
    dim : int, default=32
        Length of each token.
    heads : int, default=2
        Attention heads.
    dim_head : int, default=16
        Length of the queries, keys and values of one head.
    mlp_dim : int, default=32
        Hidden units of the feed-forward blocks.
    dropout : float, default=0.0
        Probability of dropping a value in training.
    paddings : tuple of 4 int, default=(0, 0, 1, 1)
        Zero padding, at both ends of the time axis, of the four temporal downsamplings. Together
        they must shorten `n_positions` to 1.
    attention : {"both", "spatial", "temporal"}, default="both"
        "spatial" leaves out the temporal attention blocks with the feed-forward block after each;
        stages 3 and 4 then consist of downsampling only. "temporal" leaves out the spatial ones.
    node_pooling : {"flgp", "mean"}, default="flgp"
        Pooling of the nodes of each facial part, and later of the parts, after batch normalisation:
        by their maximum or by their mean.
    downsampling : {"convolution", "max-pool"}, default="convolution"
        Downsampling of each 3 neighbouring time steps, with stride 2, after batch normalisation: by
        a learned combination, or by their maximum, which ignores the padding.

    Attributes
    ----------
    lengths : tuple of 5 int
        Time steps before the first and after each of the four downsamplings.
    variant : dict of str to str
        The values of `attention`, `node_pooling` and `downsampling`.

    Raises
    ------
    ValueError
        If the downsamplings do not end at one time step, or an argument is out of its range.

    Notes
    -----
    Four stages of attention and feed-forward blocks with batch normalisation in front of each
    (pre-norm). Stages 1 and 2 attend over the nodes of each time step and over the time steps of
    each node, then pool the nodes of each facial part, and at last the parts (facial local graph
    pooling); stages 3 and 4 attend over time alone. Each stage ends with a temporal downsampling.
    The method is in the section on the spatio-temporal transformer of [1]_. The default sizes can
    be trained in minutes on an ordinary CPU; `paper` has the published ones. The defaults of
    `attention`, `node_pooling` and `downsampling` are those of the published network; the other
    values are for comparisons such as those in the paper, whose variants may differ in details.

    References
    ----------
    .. [1] Y. Deng, H. Hayashi, H. Nagahara, "SpotFormer: Multi-Scale Spatio-Temporal Transformer
       for Facial Expression Spotting", IEEE Transactions on Affective Computing, 2026,
       doi 10.1109/TAFFC.2026.3677401.

    Examples
    --------
    >>> import torch
    >>> from skspot.neural_network import SpotFormer
    >>> module = SpotFormer()
    >>> module.lengths
    (16, 7, 3, 2, 1)
    >>> logits, embedding = module(torch.zeros(5, 2, 16, 10))
    >>> logits.shape, embedding.shape
    (torch.Size([5, 10]), torch.Size([5, 32]))
    >>> sum(p.numel() for p in SpotFormer.paper().parameters())
    3168778
    """

    # The arguments that make the published network.
    PAPER_SIZES = {"dim": 256, "heads": 4, "dim_head": 64, "mlp_dim": 256, "dropout": 0.1}

    def __init__(
        self,
        n_channels: int = 2,
        *,
        n_positions: int = 16,
        part_sizes: Sequence[int] = (3, 3, 4),
        dim: int = 32,
        heads: int = 2,
        dim_head: int = 16,
        mlp_dim: int = 32,
        dropout: float = 0.0,
        paddings: Sequence[int] = (0, 0, 1, 1),
        attention: Literal["both", "spatial", "temporal"] = "both",
        node_pooling: Literal["flgp", "mean"] = "flgp",
        downsampling: Literal["convolution", "max-pool"] = "convolution",
    ):
        super().__init__()
        sizes = {"dim": dim, "heads": heads, "dim_head": dim_head, "mlp_dim": mlp_dim}
        parts = {f"part_sizes[{i}]": size for i, size in enumerate(part_sizes)}
        _check_sizes(n_channels=n_channels, n_positions=n_positions, **sizes, **parts)
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout must lie in [0, 1), got {dropout!r}.")
        self.variant = {
            "attention": attention,
            "node_pooling": node_pooling,
            "downsampling": downsampling,
        }
        blocks = _chosen_blocks(self.variant)
        self.n_channels = n_channels
        self.n_positions = n_positions
        self.part_sizes = tuple(part_sizes)
        self.lengths = _lengths(n_positions, paddings)
        self.embedding = TokenEmbedding(n_channels, dim, n_positions, self.part_sizes, dropout)
        pooled = [self.part_sizes, (len(self.part_sizes),), None, None]
        stages = (
            Stage(padding, groups, dropout=dropout, **blocks, **sizes)
            for padding, groups in zip(paddings, pooled)
        )
        self.stages = nn.Sequential(*stages)
        self.head = nn.Linear(dim, N_OUTPUTS)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Score each window.

        Parameters
        ----------
        x : Tensor of shape (n_windows, n_channels, n_positions, n_nodes)
            Motion of the nodes, in pixels of the normalised face.

        Returns
        -------
        logits : Tensor of shape (n_windows, 10)
            0-2 micro onset, offset, neither; 3-5 the same of macro; 6 micro apex, 7 macro apex;
            8 micro expression, 9 macro expression. `frame_scores` turns them into scores.
        embedding : Tensor of shape (n_windows, dim)
            Input of the contrastive loss.

        Raises
        ------
        ValueError
            If `x` has another shape.
        """
        expected = (self.n_channels, self.n_positions, sum(self.part_sizes))
        if x.ndim != 4 or x.shape[1:] != expected:
            raise ValueError(
                f"Expected x of shape (n_windows, {', '.join(map(str, expected))}) = (n_windows, "
                f"n_channels, n_positions, n_nodes), got {tuple(x.shape)}."
            )
        if not (self.training or torch.is_grad_enabled() or torch.compiler.is_compiling()):
            module, folded = _FOLDED.get()
            if module is self:
                return folded(x)
        tokens = self.embedding(x.permute(0, 2, 3, 1))
        embedding = self.stages(tokens).flatten(1)
        return self.head(embedding), embedding

    @contextmanager
    def folded(self, dtype: torch.dtype = torch.float32) -> Iterator[None]:
        """Compute faster within a ``with`` block, for inference.

        Batch normalisations are folded into the layers after them. At the published size this is
        2 to 3 times as fast on a CPU; the results change in their last digits. It has no effect in
        training mode, when gradients are recorded, for derived classes, and if a block of the
        network has hooks. The weights must not change within the block.

        Parameters
        ----------
        dtype : torch.dtype, default=torch.float32
            Number type of weights and tokens. The results are always float32.

        Yields
        ------
        None
            The context has no value.

        Examples
        --------
        >>> import torch
        >>> from skspot.neural_network import SpotFormer
        >>> module, x = SpotFormer().eval(), torch.randn(5, 2, 16, 10)
        >>> with torch.no_grad(), module.folded():
        ...     logits, embedding = module(x)
        >>> torch.allclose(logits, module(x)[0], atol=1e-4)
        True
        """
        from skspot.neural_network._folded import FoldedSpotFormer

        if type(self) is not SpotFormer or self.training or _has_hooks_inside(self):
            yield
            return
        token = _FOLDED.set((self, FoldedSpotFormer(self, dtype)))
        try:
            yield
        finally:
            _FOLDED.reset(token)

    @classmethod
    def paper(cls, **params: Any) -> Self:
        """Return the network with its published size.

        Parameters
        ----------
        **params : dict
            Other arguments of `SpotFormer`.

        Returns
        -------
        module : SpotFormer
            The network: dim 256, 4 heads of 64, 256 hidden units, dropout 0.1.
        """
        return cls(**{**cls.PAPER_SIZES, **params})

    @classmethod
    def from_authors_state_dict(
        cls,
        state_dict: Mapping[str, torch.Tensor],
        *,
        heads: int,
        dim_head: int,
        n_positions: int | None = None,
        part_sizes: Sequence[int] = (3, 3, 4),
        dropout: float = 0.1,
        paddings: Sequence[int] = (0, 0, 1, 1),
    ) -> Self:
        """Build the published network from a checkpoint of the authors' public code.

        Channels, `dim` and `mlp_dim` are read from the shapes of the weights; the other sizes are
        parameters.

        Parameters
        ----------
        state_dict : mapping of str to Tensor
            The weights under the authors' names.
        heads, dim_head : int
            Attention heads and their length.
        n_positions : int, default=None
            Window positions of the input. None means two fewer than the rows of the table of
            temporal embeddings, which has one row more than the window has frames: 16 for 18 rows.
            The authors' later code has 17 for the same rows, with ``paddings=(1, 1, 1, 0)``.
        part_sizes : tuple of int, default=(3, 3, 4)
            Nodes of each facial part, as in the constructor.
        dropout : float, default=0.1
            Share of the activations left out in training.
        paddings : tuple of int, default=(0, 0, 1, 1)
            Padding of each temporal downsampling, as in the constructor.

        Returns
        -------
        module : SpotFormer
            The module with these weights, in training mode as every new module. It keeps all rows
            of the table of temporal embeddings; a new module has ``n_positions + 2``.

        Raises
        ------
        ValueError
            If names are missing or unexpected, or if the weights do not fit the sizes given.

        Examples
        --------
        >>> from skspot.neural_network import SpotFormer
        >>> weights = SpotFormer().authors_state_dict()
        >>> weights["mlp_head.weight"].shape
        torch.Size([10, 32])
        >>> module = SpotFormer.from_authors_state_dict(weights, heads=2, dim_head=16)
        """
        names = dict(authors_names())
        refuse_names(state_dict, set(names.values()))
        dim, n_channels = state_dict["to_patch_embedding.weight"].shape
        n_rows = state_dict["temporal_pos_embedding"].shape[1]
        module = cls(
            n_channels,
            n_positions=n_rows - 2 if n_positions is None else n_positions,
            part_sizes=part_sizes,
            dim=dim,
            heads=heads,
            dim_head=dim_head,
            mlp_dim=len(state_dict["transformer.gff1.net.0.weight"]),
            dropout=dropout,
            paddings=paddings,
        )
        module.embedding.time = nn.Parameter(torch.empty(1, max(n_rows, module.n_positions), dim))
        own = module.state_dict()
        refuse_shapes(state_dict, {names[name]: value.shape for name, value in own.items()})
        module.load_state_dict({name: state_dict[names[name]] for name in own})
        return module

    def authors_state_dict(self) -> dict[str, torch.Tensor]:
        """Return the weights under the names of the authors' public code.

        Returns
        -------
        state_dict : dict of str to Tensor
            The weights for the authors' module of the same sizes. The tensors share memory with the
            module, like those of `state_dict`.

        Raises
        ------
        ValueError
            If the module is a variant, which the authors' module does not support.
        """
        changed = [f"{k}={v!r}" for k, v in self.variant.items() if v != next(iter(_VARIANTS[k]))]
        if changed:
            raise ValueError(
                "Only the published network can be written under the authors' names, got "
                f"{', '.join(changed)}; use state_dict() instead."
            )
        names = dict(authors_names())
        return {names[name]: value for name, value in self.state_dict().items()}


class TokenEmbedding(nn.Module):
    """Turn each value vector of a node at a time step into a token with its place.

    Linear, batch normalisation, plus a learned embedding of the window position and one of the
    facial part. (n_windows, time, nodes, channels) -> (n_windows, time, nodes, dim).
    """

    def __init__(self, n_channels, dim, n_positions, part_sizes, dropout):
        super().__init__()
        self.projection = nn.Linear(n_channels, dim)
        self.norm = nn.BatchNorm1d(dim)
        # The authors have one row more than the window has frames, two more than are ever used.
        self.time = nn.Parameter(torch.randn(1, n_positions + 2, dim))
        self.parts = nn.Parameter(torch.randn(len(part_sizes), dim))
        self.dropout = nn.Dropout(dropout)
        part_of_node = torch.arange(len(part_sizes)).repeat_interleave(torch.tensor(part_sizes))
        self.register_buffer("part_of_node", part_of_node, persistent=False)

    def forward(self, values):
        """Return the tokens."""
        tokens = _over_rows(self.norm, self.projection(values))
        places = self.time[0, : values.shape[1], None] + self.parts[self.part_of_node]
        return self.dropout(tokens + places)


class Stage(nn.Module):
    """Attention and feed-forward blocks, node pooling and temporal downsampling.

    (n_windows, time, nodes, dim) -> (n_windows, fewer time steps, fewer nodes, dim). Spatial
    attention and pooling exist where there are several nodes: `pooled_sizes` has the number of
    nodes of each group that is pooled into one, or is None. `attention` has the axes attended
    over, `node_pooling` and `downsampling` are the classes of these blocks.
    """

    def __init__(
        self, padding, pooled_sizes, *, attention, node_pooling, downsampling, mlp_dim, **sizes
    ):
        super().__init__()
        hidden = {"dim": sizes["dim"], "mlp_dim": mlp_dim, "dropout": sizes["dropout"]}
        if "nodes" in attention and pooled_sizes is not None:
            self.spatial_attention = AttentionBlock(axis="nodes", **sizes)
            self.spatial_feed_forward = FeedForwardBlock(**hidden)
        if "time" in attention:
            self.temporal_attention = AttentionBlock(axis="time", **sizes)
            self.temporal_feed_forward = FeedForwardBlock(**hidden)
        if pooled_sizes is not None:
            self.pooling = node_pooling(sizes["dim"], pooled_sizes)
        self.downsampling = downsampling(sizes["dim"], padding)

    def forward(self, tokens):
        """Return the tokens after each block in turn."""
        for block in self.children():
            tokens = block(tokens)
        return tokens


class AttentionBlock(nn.Module):
    """Multi-head self-attention over one axis, batch normalisation before it, residual.

    Parameters
    ----------
    dim, heads, dim_head : int
        Length of the tokens; attention heads and their length.
    axis : {"nodes", "time"}
        Attend over the nodes of each time step, or over the time steps of each node.
    dropout : float
        Probability of dropping an attention weight or an output value in training.
    """

    def __init__(self, *, dim, heads, dim_head, axis, dropout):
        super().__init__()
        self.heads = heads
        self.dim_head = dim_head
        self.axis = axis
        self.norm = nn.BatchNorm1d(dim)
        self.qkv = nn.Linear(dim, 3 * heads * dim_head, bias=False)
        self.weight_dropout = nn.Dropout(dropout)
        self.out = nn.Linear(heads * dim_head, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens):
        """Return tokens of the same shape, (n_windows, time, nodes, dim)."""
        normed = _over_rows(self.norm, tokens)
        # Scaling the weights costs nothing beside scaling the queries. One product for each of
        # the three, because large buffers are what takes time on a CPU.
        query, key, value = self.qkv.weight.chunk(3)
        query, key, value = (
            self._to_sequences(F.linear(normed, weight))
            for weight in (query * self.dim_head**-0.5, key, value)
        )
        # Weights as (key, query): the softmax over the last but one axis is the fast one on a CPU
        # for sequences this short, and plain products beat the fused attention kernels.
        weights = torch.softmax(torch.bmm(key, query.transpose(1, 2)), dim=1)
        attended = torch.bmm(self.weight_dropout(weights).transpose(1, 2), value)
        return tokens + self.dropout(self.out(self._from_sequences(attended, tokens)))

    def _to_sequences(self, x):
        """Map (n_windows, time, nodes, heads * d) to (sequences, length, d)."""
        x = x.unflatten(-1, (self.heads, self.dim_head))
        order = (0, 1, 3, 2, 4) if self.axis == "nodes" else (0, 2, 3, 1, 4)
        return x.permute(order).flatten(0, 2)

    def _from_sequences(self, x, tokens):
        """Map (sequences, length, d) back to (n_windows, time, nodes, heads * d)."""
        n_windows, time, nodes, _ = tokens.shape
        if self.axis == "nodes":
            x = x.view(n_windows, time, self.heads, nodes, self.dim_head).permute(0, 1, 3, 2, 4)
        else:
            x = x.view(n_windows, nodes, self.heads, time, self.dim_head).permute(0, 3, 1, 2, 4)
        return x.flatten(3)


class FeedForwardBlock(nn.Module):
    """Two linear layers with GELU between, batch normalisation before them, residual."""

    def __init__(self, *, dim, mlp_dim, dropout):
        super().__init__()
        self.norm = nn.BatchNorm1d(dim)
        self.expand = nn.Linear(dim, mlp_dim)
        self.hidden_dropout = nn.Dropout(dropout)
        self.contract = nn.Linear(mlp_dim, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens):
        """Return tokens of the same shape."""
        hidden = F.gelu(self.expand(_over_rows(self.norm, tokens)))
        return tokens + self.dropout(self.contract(self.hidden_dropout(hidden)))


class LocalGraphPooling(nn.Module):
    """Facial local graph pooling: the maximum over the nodes of each group.

    Batch normalisation, then (n_windows, time, nodes, dim) -> (n_windows, time, groups, dim).
    """

    pool = staticmethod(torch.amax)

    def __init__(self, dim, sizes):
        super().__init__()
        self.sizes = tuple(sizes)
        self.norm = nn.BatchNorm1d(dim)

    def forward(self, tokens):
        """Return one token for each group of nodes."""
        groups = _over_rows(self.norm, tokens).split(self.sizes, dim=2)
        return torch.stack([self.pool(group, dim=2) for group in groups], dim=2)


class LocalMeanPooling(LocalGraphPooling):
    """The mean over the nodes of each group in place of the maximum."""

    pool = staticmethod(torch.mean)


class TemporalDownsampling(nn.Module):
    """Halve the time axis: batch normalisation, convolution of 3 time steps with stride 2.

    (n_windows, time, nodes, dim) -> (n_windows, (time + 2 * padding - 1) // 2, nodes, dim).
    """

    def __init__(self, dim, padding):
        super().__init__()
        self.padding = padding
        self.norm = nn.BatchNorm1d(dim)
        # The layer holds and initialises the weights; forward applies them as one product.
        self.convolution = nn.Conv1d(dim, dim, kernel_size=3, stride=2, bias=False)

    def forward(self, tokens):
        """Return the shorter sequence of tokens."""
        taps = _taps(_over_rows(self.norm, tokens), self.padding, fill=0.0)
        weight = self.convolution.weight.permute(0, 2, 1).flatten(1)
        return F.linear(torch.cat(taps, dim=-1), weight)


class TemporalMaxPooling(nn.Module):
    """Halve the time axis as `TemporalDownsampling`, by the maximum of each 3 time steps."""

    def __init__(self, dim, padding):
        super().__init__()
        self.padding = padding
        self.norm = nn.BatchNorm1d(dim)

    def forward(self, tokens):
        """Return the shorter sequence of tokens."""
        first, second, third = _taps(_over_rows(self.norm, tokens), self.padding, fill=-torch.inf)
        return torch.maximum(torch.maximum(first, second), third)


def _has_hooks_inside(network):
    """Return whether something is called when a block of the network is."""
    blocks = [block for block in network.modules() if block is not network]
    return any(block._forward_hooks or block._forward_pre_hooks for block in blocks)


def _over_rows(norm, x):
    """Apply a batch normalisation to the last axis of x, all other axes as one."""
    return norm(x.flatten(0, -2)).view(x.shape)


def _taps(tokens, padding, fill):
    """Return the first, second and third time steps of all windows of 3 with stride 2."""
    padded = F.pad(tokens, (0, 0, 0, 0, padding, padding), value=fill)
    n_out = _downsampled(tokens.shape[1], padding)
    return [padded[:, tap : tap + 2 * n_out - 1 : 2] for tap in range(3)]


def _downsampled(length, padding):
    """Return the number of windows of 3 time steps with stride 2."""
    return (length + 2 * padding - 3) // 2 + 1


def _lengths(n_positions, paddings):
    """Return the time steps before and after each downsampling; raise if they do not end at 1."""
    if len(paddings) != 4 or any(padding not in (0, 1, 2) for padding in paddings):
        raise ValueError(f"paddings must be four numbers of 0, 1 or 2, got {paddings!r}.")
    lengths = [n_positions]
    for padding in paddings:
        lengths.append(_downsampled(lengths[-1], padding))
    if min(lengths) < 1 or lengths[-1] != 1:
        raise ValueError(
            f"n_positions={n_positions} with paddings={tuple(paddings)} gives "
            f"{' -> '.join(map(str, lengths))} time steps, which must end at 1: change the window "
            "or the paddings."
        )
    return tuple(lengths)


def _check_sizes(**sizes):
    """Refuse sizes that are not positive whole numbers."""
    for name, size in sizes.items():
        if size != int(size) or size < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, got {size!r}.")


# The block of each value of the parameters; the first values are the published network.
_VARIANTS = {
    "attention": {"both": ("nodes", "time"), "spatial": ("nodes",), "temporal": ("time",)},
    "node_pooling": {"flgp": LocalGraphPooling, "mean": LocalMeanPooling},
    "downsampling": {"convolution": TemporalDownsampling, "max-pool": TemporalMaxPooling},
}


def _chosen_blocks(variant):
    """Return the block of each value; raise if a value is unknown."""
    for name, value in variant.items():
        if value not in list(_VARIANTS[name]):
            raise ValueError(f"{name} must be one of {list(_VARIANTS[name])}, got {value!r}.")
    return {name: _VARIANTS[name][value] for name, value in variant.items()}

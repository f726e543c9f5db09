"""Speed of SpotFormer's inference and training, beside a plain implementation and matrix products.

    python benchmarks/bench_network.py [--device cpu] [--threads 2] [--out benchmarks/network.md]

Everything runs in one process in turns, and the fastest of several runs counts, so that the ratios
hold on a busy machine too. With one thread the processor time is taken, otherwise the time on the
clock. "plain" is the network as its description reads, with PyTorch's own layers, in one batch and
in float32. The share is that of the rate at which this device multiplies large matrices of the same
number type, with the arithmetic of the plain network; shortcuts may take it above 1.
"""

import argparse
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from skspot.neural_network import SpotFormer, SpotFormerLoss
from skspot.neural_network._folded import FoldedSpotFormer

SIZES = {
    "the paper's network": SpotFormer.PAPER_SIZES,
    "the default network": {"dim": 32, "heads": 2, "dim_head": 16, "mlp_dim": 32, "dropout": 0.0},
}

# -- a plain SpotFormer, with the names that our weights have --------------------------------------


class _PlainSpotFormer(nn.Module):
    def __init__(self, *, dim, heads, dim_head, mlp_dim, dropout):
        super().__init__()
        attention = {"dim": dim, "heads": heads, "dim_head": dim_head, "dropout": dropout}
        hidden = {"dim": dim, "mlp_dim": mlp_dim, "dropout": dropout}
        self.embedding = _Embedding(dim, dropout)
        self.stages = nn.Sequential()
        for padding, groups in ((0, (3, 3, 4)), (0, (3,)), (1, None), (1, None)):
            stage = nn.Sequential()
            if groups:
                stage.add_module("spatial_attention", _Attention(axis=2, **attention))
                stage.add_module("spatial_feed_forward", _FeedForward(**hidden))
            stage.add_module("temporal_attention", _Attention(axis=1, **attention))
            stage.add_module("temporal_feed_forward", _FeedForward(**hidden))
            if groups:
                stage.add_module("pooling", _Pooling(dim, groups))
            stage.add_module("downsampling", _Downsampling(dim, padding))
            self.stages.append(stage)
        self.head = nn.Linear(dim, 10)

    def forward(self, x):
        embedding = self.stages(self.embedding(x.permute(0, 2, 3, 1))).flatten(1)
        return self.head(embedding), embedding


def batch_norm(norm, x):
    """Normalise the last axis; nn.BatchNorm1d has the channels second."""
    n, time_steps, nodes, dim = x.shape
    channels_second = x.reshape(n, time_steps * nodes, dim).permute(0, 2, 1).contiguous()
    return norm(channels_second).permute(0, 2, 1).contiguous().view(n, time_steps, nodes, dim)


class _Embedding(nn.Module):
    def __init__(self, dim, dropout):
        super().__init__()
        self.projection = nn.Linear(2, dim)
        self.norm = nn.BatchNorm1d(dim)
        self.time = nn.Parameter(torch.randn(1, 18, dim))
        self.parts = nn.Parameter(torch.randn(3, dim))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        tokens = batch_norm(self.norm, self.projection(x)) + self.time[:, : x.shape[1], None]
        return self.dropout(tokens + self.parts[[0, 0, 0, 1, 1, 1, 2, 2, 2, 2]])


class _Attention(nn.Module):
    def __init__(self, *, dim, heads, dim_head, axis, dropout):
        super().__init__()
        self.heads, self.axis, self.scale = heads, axis, dim_head**-0.5
        self.norm = nn.BatchNorm1d(dim)
        self.qkv = nn.Linear(dim, 3 * heads * dim_head, bias=False)
        self.weight_dropout = nn.Dropout(dropout)
        self.out = nn.Linear(heads * dim_head, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        tokens = batch_norm(self.norm, x)
        if self.axis == 1:
            tokens = tokens.transpose(1, 2)
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(2, 3)
            for part in self.qkv(tokens).chunk(3, dim=-1)
        )
        weights = torch.softmax(query @ key.transpose(-1, -2) * self.scale, dim=-1)
        attended = (self.weight_dropout(weights) @ value).transpose(2, 3).flatten(3)
        update = self.dropout(self.out(attended))
        return x + (update.transpose(1, 2) if self.axis == 1 else update)


class _FeedForward(nn.Module):
    def __init__(self, *, dim, mlp_dim, dropout):
        super().__init__()
        self.norm = nn.BatchNorm1d(dim)
        self.expand = nn.Linear(dim, mlp_dim)
        self.hidden_dropout = nn.Dropout(dropout)
        self.contract = nn.Linear(mlp_dim, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        hidden = self.hidden_dropout(F.gelu(self.expand(batch_norm(self.norm, x))))
        return x + self.dropout(self.contract(hidden))


class _Pooling(nn.Module):
    def __init__(self, dim, sizes):
        super().__init__()
        self.sizes = sizes
        self.norm = nn.BatchNorm1d(dim)

    def forward(self, x):
        groups = batch_norm(self.norm, x).split(self.sizes, dim=2)
        return torch.stack([group.amax(dim=2) for group in groups], dim=2)


class _Downsampling(nn.Module):
    def __init__(self, dim, padding):
        super().__init__()
        self.norm = nn.BatchNorm1d(dim)
        self.convolution = nn.Conv1d(dim, dim, 3, stride=2, padding=padding, bias=False)

    def forward(self, x):
        n, time_steps, nodes, dim = x.shape
        sequences = batch_norm(self.norm, x).permute(0, 2, 3, 1).reshape(-1, dim, time_steps)
        return self.convolution(sequences).view(n, nodes, dim, -1).permute(0, 3, 1, 2)


# -- measuring -------------------------------------------------------------------------------------


class Clock:
    """Take the least time of each of several functions, called in turns."""

    def __init__(self, device, n_threads):
        self.device = device
        alone = device.type == "cpu" and n_threads == 1
        self.now = time.process_time if alone else time.perf_counter

    def __call__(self, functions, repeats):
        """Return the seconds of each function by name."""
        seconds = {name: [] for name in functions}
        for _ in range(repeats + 1):  # the first round warms up
            for name, function in functions.items():
                self._wait()
                start = self.now()
                function()
                self._wait()
                seconds[name].append(self.now() - start)
        return {name: min(times[1:]) for name, times in seconds.items()}

    def _wait(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def trained_pair(sizes, device):
    """Return our network and the plain one with its weights, after a step of batch statistics."""
    torch.manual_seed(0)
    ours, plain = SpotFormer(**sizes), _PlainSpotFormer(**sizes)
    for norm in ours.modules():
        if isinstance(norm, nn.BatchNorm1d):
            nn.init.normal_(norm.weight)
            nn.init.normal_(norm.bias)
    with torch.no_grad():
        ours(torch.randn(64, 2, 16, 10))
    plain.load_state_dict(ours.state_dict())
    return ours.to(device), plain.to(device)


def products(device, size=2048):
    """Return a large matrix product in each number type, by name, and its operations."""
    a = torch.randn(size, size, device=device)
    matrices = {"float32": a, "bfloat16": a.bfloat16()}
    return {f"product {k}": lambda m=m: m @ m for k, m in matrices.items()}, 2 * size**3


def inference(ours, plain, x):
    """Return what to time, by name, and the largest difference of logits from the plain network."""
    ours.eval(), plain.eval()
    networks = {
        "plain": plain,
        "plain, in chunks of 64": lambda x: [plain(part) for part in x.split(64)],
        "SpotFormer": ours,
        "folded, float32": FoldedSpotFormer(ours),
        "folded, bfloat16": FoldedSpotFormer(ours, torch.bfloat16),
    }
    expected = plain(x)[0]
    differences = {
        name: (network(x)[0] - expected).abs().max().item()
        for name, network in networks.items()
        if "chunks" not in name
    }
    return {k: lambda f=f: f(x) for k, f in networks.items()}, differences


def training(ours, plain, x):
    """Return what to time, by name: one step each."""
    n, device = len(x), x.device
    targets = {
        "boundary": torch.randint(3, (n, 2), device=device),
        "apex": torch.rand(n, 2, device=device) * (torch.rand(n, 2, device=device) < 0.2),
        "expression": (torch.rand(n, 2, device=device) < 0.5).float(),
        "contrastive": torch.randint(3, (n,), device=device),
    }
    criterion = SpotFormerLoss()

    def step(module, optimizer, mixed):
        optimizer.zero_grad()
        with torch.autocast(device.type, torch.bfloat16, enabled=mixed):
            outputs = module(x)
        criterion(outputs, targets).backward()
        optimizer.step()

    def stepper(module, mixed=False, **kwargs):
        module.train()
        optimizer = torch.optim.AdamW(module.parameters(), lr=1e-5, **kwargs)
        return lambda: step(module, optimizer, mixed)

    return {
        "plain": stepper(plain),
        "SpotFormer, float32": stepper(ours, fused=True),
        "SpotFormer, bfloat16": stepper(ours, mixed=True, fused=True),
    }


def flops_of_window(module, device):
    """Return the operations of the matrix products of one window."""
    module.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(torch.zeros(1, 2, 16, 10, device=device))
    return counter.get_total_flops()


def measure(sizes, options, clock):
    """Return the rows of one size, and the lines below its table."""
    device = clock.device
    ours, plain = trained_pair(sizes, device)
    n_flops = flops_of_window(plain, device)
    x = torch.randn(options.windows, 2, 16, 10, device=device)
    multiply, product_flops = products(device)
    with torch.no_grad():
        functions, differences = inference(ours, plain, x)
        times = clock({**multiply, **functions}, options.repeats)
    rates = {name: product_flops / times.pop(f"product {name}") for name in ("float32", "bfloat16")}
    rows = table_rows("forward", times, len(x), n_flops, rates)
    batch = x[: options.batch]
    functions = training(ours, plain, batch)
    steps = clock(functions, max(2, options.repeats // 2))
    rows += table_rows("training step", steps, len(batch), 3 * n_flops, rates)
    lines = [
        f"Matrix products: {rates['float32'] / 1e9:.0f} GFLOP/s in float32, "
        f"{rates['bfloat16'] / 1e9:.0f} in bfloat16; {n_flops / 1e6:.1f} MFLOP a window forward.",
        "Largest difference of logits from the plain network: "
        + ", ".join(f"{k} {v:.1e}" for k, v in differences.items() if k != "plain")
        + ".",
    ]
    return rows, lines


def table_rows(what, times, n_windows, n_flops, rates):
    """Return the rows of a table: windows per second, ratio to plain, share of the product rate."""
    rows = []
    for name, seconds in times.items():
        rate = rates["bfloat16" if "bfloat16" in name else "float32"]
        share = n_windows * n_flops / seconds / rate
        ratio = times["plain"] / seconds
        rows.append(
            f"| {what}, {n_windows} windows: {name} | {n_windows / seconds:.0f} | {ratio:.2f} | "
            f"{1 / ratio:.2f} | {share:.2f} |"
        )
    return rows


# -- the command -----------------------------------------------------------------------------------


def describe(device, n_threads):
    """Return a line on the device."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}, {bandwidth(device):.0f} GB/s of copies."
    known = getattr(torch.cpu, "get_capabilities", dict)()
    has_bfloat16 = {True: "has", False: "lacks", None: "may lack"}[known.get("avx512_bf16")]
    capability = torch.backends.cpu.get_cpu_capability()
    return f"A CPU with {capability}, which {has_bfloat16} AVX-512 instructions for bfloat16; " + (
        f"{n_threads} thread{'s' * (n_threads != 1)}."
    )


def bandwidth(device, n_bytes=2**30):
    """Return the GB/s, read and written together, of copying a large buffer."""
    source = torch.empty(n_bytes, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    seconds = Clock(device, 1)({"copy": lambda: target.copy_(source)}, 5)["copy"]
    return 2 * n_bytes / seconds / 1e9


def tables(options):
    """Return the parts of the text: the device, what is measured, and a table for each size."""
    clock = Clock(options.device, options.threads)
    parts = [describe(options.device, options.threads)]
    parts.append(__doc__.split("\n\n")[-1].strip().replace("\n", " "))
    for title, sizes in SIZES.items():
        rows, lines = measure(sizes, options, clock)
        header = "| | windows/s | rate / plain | time / plain | share of the product rate |\n"
        header += "| --- | --- | --- | --- | --- |\n"
        parts += [f"## {title[0].upper()}{title[1:]}", header + "\n".join(rows), *lines]
    return parts


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cpu", type=torch.device)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--windows", type=int, default=512, help="windows scored at a time")
    parser.add_argument("--batch", type=int, default=512, help="windows of a training step")
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--out", type=Path, help="a file to write the tables to")
    options = parser.parse_args()
    if options.device.type == "cuda" and not torch.cuda.is_available():
        print("There is no CUDA device; nothing was measured.")
        return
    torch.set_num_threads(options.threads)
    text = "\n\n".join(["# Speed of the network", *tables(options)]) + "\n"
    print(text)
    if options.out:
        options.out.write_text(text)


if __name__ == "__main__":
    main()

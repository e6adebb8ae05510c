#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our CUDA attention against PyTorch's on the same tensors, in turns, in one process.

    bench_attention.py BRIDGE.so OUT.csv [--seconds S] [--shapes NAME,...]

One line a (shape, kernel, density): the median of the rounds, its 10th and 90th percentile, the ratio to cuDNN's
dense kernel of the same rounds, TFLOP/s on kept blocks, and the time of the plan where it is apart.
"""
import argparse
import csv
import ctypes
import random
import subprocess
import sys
import time

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

SHAPES = {  # heads, tokens, head dimension
    "wan-720p-10-heads": (10, 75600, 128),
    "wan-1.3b-480p": (12, 32760, 128),
    "cogvideox-5b": (48, 17776, 64),
    "pixart-2k": (16, 16384, 72),
}
DENSITIES = (0.5, 0.2, 0.1, 0.05, 0.031)
MMA, WGMMA = 2, 3


class Call(ctypes.Structure):
    _fields_ = (
        [(n, ctypes.c_void_p) for n in ("q", "k", "v", "o", "lse")]
        + [(n, ctypes.c_int64) for n in ("batches", "heads", "rows", "dim")]
        + [(n, ctypes.c_int32) for n in ("is_bf16", "variant", "q_block", "k_block")]
        + [(n, ctypes.c_void_p) for n in ("row_start", "entry", "kept_bits", "gap", "row_log_mass")]
        + [("has_blasst", ctypes.c_int32), ("ln_lambda", ctypes.c_float)]
        + [(n, ctypes.c_void_p) for n in ("scratch", "stream")]
    )


def block_list(heads, blocks, density, seed):
    """Random blocks, the same number a row on average, and each row's own diagonal block."""
    generator = torch.Generator(device="cuda").manual_seed(seed)
    mask = torch.rand(heads, blocks, blocks, device="cuda", generator=generator) < density
    mask |= torch.eye(blocks, dtype=torch.bool, device="cuda")
    counts = mask.sum(-1).flatten().to(torch.int32)
    start = torch.zeros(counts.numel() + 1, dtype=torch.int32, device="cuda")
    start[1:] = counts.cumsum(0)
    entry = mask.nonzero()[:, 2].to(torch.int32).contiguous()
    return mask, start, entry


class Bench:
    def __init__(self, bridge, name, seconds):
        self.bridge, self.name, self.seconds = bridge, name, seconds
        self.heads, self.rows, self.dim = SHAPES[name]
        make = lambda: torch.randn(1, self.heads, self.rows, self.dim, device="cuda", dtype=torch.bfloat16)
        self.q, self.k, self.v = make(), make(), make()
        self.o = torch.empty_like(self.q)
        self.lse = torch.empty(1, self.heads, self.rows, device="cuda")
        self.dense_flop = 4 * self.heads * self.rows**2 * self.dim
        self.kept_alive = []

    def ours(self, variant, block, lists=None, stats=(), ln_lambda=None):
        blocks = (self.rows + block - 1) // block
        call = Call(
            self.q.data_ptr(), self.k.data_ptr(), self.v.data_ptr(), self.o.data_ptr(), self.lse.data_ptr(),
            1, self.heads, self.rows, self.dim, 1, variant, block, block)
        if lists:
            call.row_start, call.entry = lists[1].data_ptr(), lists[2].data_ptr()
        buffers = {
            "kept_bits": lambda: torch.empty(self.heads * blocks * ((blocks + 31) // 32), dtype=torch.int32, device="cuda"),
            "gap": lambda: torch.empty(self.heads * blocks * blocks, device="cuda"),
            "row_log_mass": lambda: torch.empty(self.heads * blocks * self.rows, dtype=torch.int16, device="cuda"),
        }
        for field in stats:
            tensor = buffers[field]()
            self.kept_alive.append(tensor)
            setattr(call, field, tensor.data_ptr())
        if ln_lambda is not None:
            call.has_blasst, call.ln_lambda = 1, ln_lambda
        scratch = torch.empty(self.bridge.ditscopeScratchBytes(ctypes.byref(call)), dtype=torch.uint8, device="cuda")
        call.scratch, call.stream = scratch.data_ptr(), torch.cuda.current_stream().cuda_stream
        self.kept_alive += [scratch, lists]

        def run():
            if self.bridge.ditscopeAttention(ctypes.byref(call)):
                raise SystemExit(f"{self.name}: our kernel failed, see above")
        return run

    def torch_sdpa(self, backend):
        def run():
            with sdpa_kernel(backend):
                torch.nn.functional.scaled_dot_product_attention(self.q, self.k, self.v)
        return run

    def flex(self, mask):
        from torch.nn.attention.flex_attention import BlockMask, flex_attention
        blocks = mask.shape[-1]
        counts = mask.sum(-1).to(torch.int32)[None]
        indices = mask.to(torch.int8).argsort(dim=-1, descending=True, stable=True).to(torch.int32)[None]
        none = torch.zeros_like(counts)
        block_mask = BlockMask.from_kv_blocks(
            none, torch.zeros_like(indices), counts, indices, BLOCK_SIZE=(128, 128),
            seq_lengths=(self.rows, self.rows))
        compiled = torch.compile(flex_attention, dynamic=False)
        return lambda: compiled(self.q, self.k, self.v, block_mask=block_mask)

    def measure(self, contestants):
        """{name: run} -> {name: sorted ms}; all take turns until the time is up."""
        alive = {}
        for name, run in contestants.items():
            try:
                for _ in range(2):
                    run()
                torch.cuda.synchronize()
                alive[name] = run
            except Exception as error:  # a backend that refuses the shape is a result too
                print(f"{self.name}: {name} refused: {str(error).splitlines()[0]}", file=sys.stderr)
        times = {name: [] for name in alive}
        end = time.time() + self.seconds
        rounds = 0
        order = random.Random(1)  # a kernel must not always follow the same one, which leaves its heat behind
        while rounds < 5 or time.time() < end:
            for name, run in order.sample(sorted(alive.items()), len(alive)):
                start, stop = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
                start.record()
                run()
                stop.record()
                stop.synchronize()
                times[name].append(start.elapsed_time(stop))
            rounds += 1
        return {name: sorted(t) for name, t in times.items()}


def contestants(bench, with_flex):
    lists = {(b, d): block_list(bench.heads, (bench.rows + b - 1) // b, d, 1)
             for b in (128,) for d in DENSITIES}
    lists[(64, 0.1)] = block_list(bench.heads, (bench.rows + 63) // 64, 0.1, 1)
    runs = {"cudnn dense": (1, bench.torch_sdpa(SDPBackend.CUDNN_ATTENTION)),
            "flash dense": (1, bench.torch_sdpa(SDPBackend.FLASH_ATTENTION)),
            "mma dense": (1, bench.ours(MMA, 64)),
            "wgmma dense": (1, bench.ours(WGMMA, 128)),
            "wgmma dense bits+gap": (1, bench.ours(WGMMA, 128, stats=("kept_bits", "gap"))),
            "wgmma dense logmass": (1, bench.ours(WGMMA, 128, stats=("row_log_mass",))),
            "wgmma dense bits+gap+logmass": (1, bench.ours(WGMMA, 128, stats=("kept_bits", "gap", "row_log_mass"))),
            "wgmma dense skip rule, nothing skipped": (1, bench.ours(WGMMA, 128, ln_lambda=-1e30))}
    for (block, density), made in lists.items():
        kept = made[0].float().mean().item()
        runs[f"wgmma {block} lists {density}"] = (kept, bench.ours(WGMMA, block, made))
        if block == 128 and with_flex and density <= 0.2:
            runs[f"flex_attention {density}"] = (kept, bench.flex(made[0]))
    runs["wgmma 64 blocks skip rule, nothing skipped"] = (1, bench.ours(WGMMA, 64, ln_lambda=-1e30))
    runs["wgmma 64 blocks bits+gap"] = (1, bench.ours(WGMMA, 64, stats=("kept_bits", "gap")))
    runs["mma 64 lists 0.1"] = (lists[(64, 0.1)][0].float().mean().item(), bench.ours(MMA, 64, lists[(64, 0.1)]))
    return runs


def clocks():
    query = "clocks.sm,power.draw,temperature.gpu"
    done = subprocess.run(["nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader"], capture_output=True, text=True)
    return done.stdout.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bridge")
    parser.add_argument("out")
    parser.add_argument("--seconds", type=float, default=8, help="of measuring a shape")
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument("--flex", action="store_true", help="also flex_attention, compiled for each shape")
    arguments = parser.parse_args()
    bridge = ctypes.CDLL(arguments.bridge)
    bridge.ditscopeScratchBytes.restype = ctypes.c_int64
    torch.manual_seed(0)
    with open(arguments.out, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["shape", "kernel", "density", "median_ms", "p10_ms", "p90_ms", "speedup_over_cudnn_dense",
                      "tflops_kept", "clocks_power_temperature"])
        for name in arguments.shapes.split(","):
            bench = Bench(bridge, name, arguments.seconds)
            runs = contestants(bench, arguments.flex)
            times = bench.measure({n: r for n, (_, r) in runs.items()})
            base = times.get("cudnn dense") or times["flash dense"]
            for kernel, t in times.items():
                kept, median = runs[kernel][0], t[len(t) // 2]
                out.writerow([name, kernel, f"{kept:.4f}", f"{median:.4f}", f"{t[len(t) // 10]:.4f}",
                              f"{t[len(t) * 9 // 10]:.4f}", f"{base[len(base) // 2] / median:.3f}",
                              f"{bench.dense_flop * kept / median / 1e9:.1f}", clocks()])
                print(f"{name:20s} {kernel:40s} {kept:.3f} {median:9.3f} ms {base[len(base) // 2] / median:7.2f}x "
                      f"{bench.dense_flop * kept / median / 1e9:7.1f} TFLOP/s", flush=True)
            file.flush()
            del bench, runs
            torch.cuda.empty_cache()


if __name__ == "__main__":
    main()

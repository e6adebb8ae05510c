# SPDX-License-Identifier: Apache-2.0
# Wrote the files beside it, with PyTorch 2.15: python make_files.py FOLDER
import collections
import os
import sys
import zipfile

import torch

out = sys.argv[1]


def save(name, value, **options):
    torch.save(value, f"{out}/{name}.pt", **options)


def i32(values):
    return torch.tensor(values, dtype=torch.int32)


base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
save("tensors", {
    "f32": base / 8,
    "transposed": (base / 8).t(),
    "window": base[1:3, 2:5],
    "expanded": torch.tensor([1.5]).expand(3, 2),
    "scalar": torch.tensor(2.5),
    "empty": torch.zeros(0, 3),
    "bool": torch.tensor([True, False, True]),
    "i32": i32([-1, 2**31 - 1]),
    "i64": torch.tensor([-2**53, 7]),
    "f16": torch.tensor([1.0, -2.5, 6.1035e-5, 5.9605e-8, float("inf")], dtype=torch.float16),
    "bf16": torch.tensor([1.0, -3.140625, 1e-40, float("nan")], dtype=torch.bfloat16),
    "f64": torch.tensor([0.1], dtype=torch.float64),
})
linear = torch.nn.Linear(3, 2)
with torch.no_grad():
    linear.weight.copy_(torch.arange(6.).reshape(2, 3))
    linear.bias.fill_(0.5)
save("state_dict", linear.state_dict())
save("plan", [
    {"attn1": ["full_attn", "residual_window_attn"], "attn2": None, "ff": None},
    {"plan": {0: {1: [(0, "re8"), (1, -1)]}}, "ordered": collections.OrderedDict(a=1, b=2.5), "big": 2**40,
     "flag": True, "negative": -70000, "heads": {3: i32([[1, 2]])}},
])
shared = [1, 2]
save("shared", {"a": shared, "b": shared})


class Evil:
    def __reduce__(self):
        return os.system, ("touch /tmp/a-pickle-was-executed",)


save("evil", {"a": Evil()})
save("parameter", {"p": torch.nn.Parameter(torch.zeros(2))})
save("bytes", {"p": torch.zeros(2, dtype=torch.uint8)})
cycle = []
cycle.append(cycle)
save("cycle", {"a": cycle})
save("legacy", {"a": torch.zeros(2)}, _use_new_zipfile_serialization=False)
save("protocol4", {"a": torch.zeros(2)}, pickle_protocol=4)
with zipfile.ZipFile(f"{out}/shared.pt") as old:
    with zipfile.ZipFile(f"{out}/deflated.pt", "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))

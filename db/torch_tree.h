// SPDX-License-Identifier: Apache-2.0
// From the graph of a pickle to plain values. A value that the pickle names twice is there twice; depth and
// total size are bounded, so that a small file cannot grow into a large tree or never end.
#pragma once

#include <functional>
#include <string>

#include "db/codec_bytes.h"
#include "db/pickle_graph.h"
#include "db/torch_value.h"

namespace ditscope::db {

// The bytes of the storage with that key; `bytes` of them, or it throws db::Error.
using StorageSource = std::function<Bytes(const std::string& key, uint64_t bytes)>;

inline constexpr int kMaxTorchDepth = 64;
inline constexpr size_t kMaxTorchValues = 1'000'000;

// Throws db::Error that names `file`.
[[nodiscard]] TorchValue torchValueOf(const PickleGraph& graph, const StorageSource& storage,
                                      const std::string& file);

}  // namespace ditscope::db

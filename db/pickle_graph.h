// SPDX-License-Identifier: Apache-2.0
// The pickle inside a file of torch.save, read without executing anything: only the opcodes of protocol 2
// that torch.save writes, only the names below, and those build values; every other name is refused. What
// comes out is a graph, for a pickle may name a value many times or inside itself. Allowed:
// torch._utils._rebuild_tensor_v2, torch.{Bool,Int,Long,Half,BFloat16,Float,Double}Storage,
// collections.OrderedDict.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "db/codec_bytes.h"
#include "db/torch_value.h"

namespace ditscope::db {

struct KnownGlobal;  // one of the allowed names

struct PickleNode {
  using Ref = uint32_t;  // index into PickleGraph::nodes
  struct Sequence {
    std::vector<Ref> items;
    bool isTuple = false;
  };
  struct Dict {
    std::vector<std::pair<Ref, Ref>> entries;
    bool isOrdered = false;
  };
  struct Storage {
    TorchDType dtype = TorchDType::F32;
    std::string key;  // of the archive's entry data/<key>
    int64_t elements = 0;
  };
  struct Tensor {  // in elements; whether it lies within its storage is not known yet
    Storage storage;
    int64_t offset = 0;
    std::vector<int64_t> shape;
    std::vector<int64_t> stride;
  };
  std::variant<std::monostate, bool, int64_t, double, std::string, Sequence, Dict, const KnownGlobal*,
               Storage, Tensor>
      content;
};

struct PickleGraph {
  std::vector<PickleNode> nodes;
  PickleNode::Ref root = 0;
};

inline constexpr size_t kMaxPickleBytes = 64 << 20;
inline constexpr size_t kMaxPickleNodes = 1'000'000;
inline constexpr size_t kMaxTensorRank = 64;
inline constexpr int64_t kMaxTensorElements = int64_t(1) << 23;  // of all tensors of a file together

// Throws db::Error that names `file`.
[[nodiscard]] PickleGraph readPickle(ByteView pickle, const std::string& file);

}  // namespace ditscope::db

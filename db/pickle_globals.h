// SPDX-License-Identifier: Apache-2.0
// The names that a pickle may ask for. None is looked up or called anywhere: each stands for a value that
// pickle_graph.cpp builds.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "db/torch_value.h"

namespace ditscope::db {

struct KnownGlobal {
  enum class Kind : uint8_t { RebuildTensor, OrderedDict, Storage };
  std::string_view module;
  std::string_view name;
  Kind kind;
  TorchDType dtype = TorchDType::F32;  // of a storage
};

inline constexpr std::array<KnownGlobal, 9> kGlobals{{
    {"torch._utils", "_rebuild_tensor_v2", KnownGlobal::Kind::RebuildTensor},
    {"collections", "OrderedDict", KnownGlobal::Kind::OrderedDict},
    {"torch", "BoolStorage", KnownGlobal::Kind::Storage, TorchDType::Bool},
    {"torch", "IntStorage", KnownGlobal::Kind::Storage, TorchDType::I32},
    {"torch", "LongStorage", KnownGlobal::Kind::Storage, TorchDType::I64},
    {"torch", "HalfStorage", KnownGlobal::Kind::Storage, TorchDType::F16},
    {"torch", "BFloat16Storage", KnownGlobal::Kind::Storage, TorchDType::BF16},
    {"torch", "FloatStorage", KnownGlobal::Kind::Storage, TorchDType::F32},
    {"torch", "DoubleStorage", KnownGlobal::Kind::Storage, TorchDType::F64},
}};

// Null for any other name.
inline const KnownGlobal* findGlobal(std::string_view module, std::string_view name) {
  for (const KnownGlobal& known : kGlobals) {
    if (known.module == module && known.name == name) return &known;
  }
  return nullptr;
}

}  // namespace ditscope::db

// SPDX-License-Identifier: Apache-2.0
// What a file of torch.save may hold for us, as plain values: tensors, and the dictionaries, lists, texts and
// numbers around them. Tuples are lists and an OrderedDict is a dictionary.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace ditscope::db {

enum class TorchDType : uint8_t { Bool, I32, I64, F16, BF16, F32, F64 };

struct TorchTensor {
  TorchDType dtype = TorchDType::F32;  // of the file
  std::vector<int64_t> shape;          // empty for a single number
  std::vector<double> values;          // row-major; exact for every dtype (I64 up to 2^53, bool as 0 and 1)
  bool operator==(const TorchTensor&) const = default;
};

struct TorchEntry;
struct TorchValue {
  using List = std::vector<TorchValue>;
  using Dict = std::vector<TorchEntry>;  // in the order of the file, each key once
  std::variant<std::monostate, bool, int64_t, double, std::string, TorchTensor, List, Dict> content;

  template <class T>
  [[nodiscard]] const T* as() const {  // null when it is something else
    return std::get_if<T>(&content);
  }
};

struct TorchEntry {
  TorchValue key;  // a text or a whole number
  TorchValue value;
};

}  // namespace ditscope::db

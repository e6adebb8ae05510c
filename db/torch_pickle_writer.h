// SPDX-License-Identifier: Apache-2.0
// Values as the pickle and the storages of a file of torch.save, in the opcodes that pickle_graph.h reads.
#pragma once

#include <vector>

#include "db/codec_bytes.h"
#include "db/torch_value.h"

namespace ditscope::db {

struct PickledTorch {
  Bytes pickle;
  std::vector<Bytes> storages;  // of data/0, data/1, ...; one a tensor
};

// Throws CodecError for a tensor whose values do not fit its shape or dtype, and for a text that is too long.
[[nodiscard]] PickledTorch pickleTorch(const TorchValue& value);

}  // namespace ditscope::db

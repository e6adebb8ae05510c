// SPDX-License-Identifier: Apache-2.0
// Files of torch.save (zip archives with data.pkl and data/<n>), in which tools of the field keep per-head
// parameters: SpargeAttn a dictionary of tensors, DiTFastAttn lists of dictionaries. Reading executes
// nothing: see pickle_graph.h for the little that is understood; everything else is refused by name. All
// functions throw db::Error.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "db/codec_bytes.h"
#include "db/torch_value.h"

namespace ditscope::db {

inline constexpr uint64_t kMaxTorchFileBytes = 256 << 20;

[[nodiscard]] TorchValue readTorchFile(const std::filesystem::path& path);
// The same from memory; `file` is the name for the text of errors.
[[nodiscard]] TorchValue parseTorchFile(ByteView bytes, const std::string& file);

using TorchTensorMap = std::map<std::string, TorchTensor>;

// A file whose content is a dictionary from texts to tensors.
[[nodiscard]] TorchTensorMap readTensorMap(const std::filesystem::path& path);

// Files that torch.load(weights_only=True) reads back. The same content makes the same bytes; `path` is
// replaced whole or left as it was.
void writeTorchFile(const std::filesystem::path& path, const TorchValue& value);
void writeTensorMap(const std::filesystem::path& path, const TorchTensorMap& tensors);

}  // namespace ditscope::db

// SPDX-License-Identifier: Apache-2.0
// Safe reader and writer for the safetensors format. Every length, offset, shape and name of a file is
// checked before it is used (the checks of the reference implementation, in its order, plus duplicate keys).
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "collector/denoiser.h"

namespace ditscope::collector {

using Metadata = std::map<std::string, std::string>;

// All tensors of a file, copied into memory that LibTorch owns, in the dtype of the file. F8_E4M3 and F8_E5M2
// are decoded to f32; dtypes that not every LibTorch has (U16, other F8, F6, F4) are refused. Throws
// db::Error.
TensorMap readSafetensors(const std::filesystem::path& file, Metadata* metadata = nullptr);

// A checkpoint folder: one file diffusion_pytorch_model.safetensors, or shards named by its .index.json.
// Every tensor of the index must be in its shard, and none in two. Throws db::Error.
TensorMap readCheckpoint(const std::filesystem::path& folder);

// Written to a temporary file and renamed. Tensors are made contiguous and moved to the CPU.
void writeSafetensors(const std::filesystem::path& file, const TensorMap& tensors,
                      const Metadata& metadata = {});

}  // namespace ditscope::collector

// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "collector/json_file.h"
#include "collector/safetensors.h"
#include "collector/safetensors_header.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

namespace fs = std::filesystem;
constexpr const char* kSingleFile = "diffusion_pytorch_model.safetensors";
constexpr const char* kIndexFile = "diffusion_pytorch_model.safetensors.index.json";

// Shard file -> names of its tensors. A shard must be a plain file name: the index of a stranger must not
// reach outside its folder.
std::map<std::string, std::set<std::string>> readIndex(const fs::path& index) {
  const nlohmann::json json = readJsonObject(index);
  const auto map = json.find("weight_map");
  if (map == json.end() || !map->is_object() || map->empty()) {
    db::refuseInput(index, "it has no weight_map", "download the file again");
  }
  std::map<std::string, std::set<std::string>> shards;
  for (const auto& [tensor, value] : map->items()) {
    const std::string shard = value.is_string() ? value.get<std::string>() : "";
    if (shard.empty() || shard == "." || shard == ".." ||
        shard.find_first_of(std::string("/\\\0", 3)) != std::string::npos) {
      db::refuseInput(
          index,
          fmt::format("the file of a tensor is given as {}, not as a plain file name", quotedName(shard)),
          "download the file again");
    }
    shards[shard].insert(tensor);
  }
  return shards;
}

TensorMap readShards(const fs::path& folder, const fs::path& index) {
  TensorMap all;
  for (const auto& [shard, names] : readIndex(index)) {
    TensorMap tensors = readSafetensors(folder / shard);
    for (const std::string& name : names) {
      if (!tensors.contains(name)) {
        db::refuseInput(folder / shard,
                        fmt::format("it lacks the tensor {} that the index names", quotedName(name)),
                        "download the shard again");
      }
    }
    all.merge(tensors);
    if (!tensors.empty()) {
      db::refuseInput(
          folder / shard,
          fmt::format("its tensor {} is in another shard too", quotedName(tensors.begin()->first)),
          "download the shards again");
    }
  }
  return all;
}

}  // namespace

TensorMap readCheckpoint(const fs::path& folder) {
  if (fs::exists(folder / kIndexFile)) return readShards(folder, folder / kIndexFile);
  if (fs::exists(folder / kSingleFile)) return readSafetensors(folder / kSingleFile);
  if (fs::exists(folder / "diffusion_pytorch_model.bin")) {
    db::refuseInput(folder, "it has weights as a .bin file, which can run code when it is read",
                    "load it in diffusers and save it with save_pretrained(..., safe_serialization=True)");
  }
  db::refuseInput(folder, fmt::format("it has neither {} nor its .index.json", kSingleFile),
                  "pass a model folder in diffusers' layout");
}

}  // namespace ditscope::collector

// SPDX-License-Identifier: Apache-2.0
#include "db/torch_file.h"

#include <fmt/format.h>

#include <fstream>

#include "db/pickle_graph.h"
#include "db/text.h"
#include "db/torch_error.h"
#include "db/torch_pickle_writer.h"
#include "db/torch_tree.h"
#include "db/zip_file.h"

namespace ditscope::db {
namespace {

constexpr std::string_view kPickleName = "data.pkl";

Bytes readWhole(const std::filesystem::path& path) {
  std::error_code error;
  const uint64_t size = std::filesystem::file_size(path, error);
  std::ifstream in(path, std::ios::binary);
  if (error || !in)
    refuseTorchFile(path.string(), "it cannot be opened", "check that it is a file and that you may read it");
  if (size > kMaxTorchFileBytes)
    refuseTorchFile(path.string(), fmt::format("it has over {} bytes", kMaxTorchFileBytes),
                    "give a file of parameters, not of weights");
  Bytes bytes(size);
  if (!in.read(reinterpret_cast<char*>(bytes.data()), std::streamsize(size)))
    refuseTorchFile(path.string(), "it cannot be read to its end", "check the disk");
  return bytes;
}

void checkStart(ByteView bytes, const std::string& file) {
  constexpr const char* kGiveTorchFile = "give a file that torch.save wrote";
  if (bytes.empty()) refuseTorchFile(file, "the file is empty", kGiveTorchFile);
  if (bytes.size() > 1 && bytes[0] == std::byte{0x80} && bytes[1] <= std::byte{5})
    refuseTorchFile(file, "it is a bare pickle, as PyTorch before 1.6 wrote it",
                    "load it and save it again with PyTorch 1.6 or newer");
  if (bytes.size() < 2 || bytes[0] != std::byte{'P'} || bytes[1] != std::byte{'K'})
    refuseTorchFile(file, "it is no file of torch.save", kGiveTorchFile);
}

// The folder, with its slash, in which an archive keeps everything.
std::string folderOf(const ZipReader& zip, const std::string& file) {
  for (const std::string& name : zip.names()) {
    if (name.find('/') + 1 == name.size() - std::min(name.size(), kPickleName.size()) &&
        name.ends_with(kPickleName))
      return name.substr(0, name.size() - kPickleName.size());
  }
  refuseTorchFile(file, "its archive has no data.pkl", "give a file that torch.save wrote");
}

void checkByteOrder(const ZipReader& zip, const std::string& folder, const std::string& file) {
  if (!zip.contains(folder + "byteorder")) return;  // older files, which are little endian
  const Bytes order = zip.read(folder + "byteorder");
  const std::string_view text(reinterpret_cast<const char*>(order.data()), order.size());
  if (text != "little")
    refuseTorchFile(file, "its byte order is " + quotedText(text), "save it on a little-endian machine");
}

}  // namespace

TorchValue parseTorchFile(ByteView bytes, const std::string& file) {
  checkStart(bytes, file);
  const ZipReader zip(bytes, file);
  const std::string folder = folderOf(zip, file);
  checkByteOrder(zip, folder, file);
  const PickleGraph graph = readPickle(zip.read(folder + std::string(kPickleName)), file);
  const auto storage = [&](const std::string& key, uint64_t) { return zip.read(folder + "data/" + key); };
  return torchValueOf(graph, storage, file);
}

TorchValue readTorchFile(const std::filesystem::path& path) {
  return parseTorchFile(readWhole(path), path.string());
}

TorchTensorMap readTensorMap(const std::filesystem::path& path) {
  constexpr const char* kGiveMap = "give a file that holds a dictionary of tensors";
  const TorchValue value = readTorchFile(path);
  const auto* dict = value.as<TorchValue::Dict>();
  if (dict == nullptr) refuseTorchFile(path.string(), "it holds no dictionary", kGiveMap);
  TorchTensorMap map;
  for (const TorchEntry& entry : *dict) {
    const auto* name = entry.key.as<std::string>();
    const auto* tensor = entry.value.as<TorchTensor>();
    if (name == nullptr) refuseTorchFile(path.string(), "a key of its dictionary is no text", kGiveMap);
    if (tensor == nullptr)
      refuseTorchFile(path.string(), "its entry " + quotedText(*name) + " is no tensor", kGiveMap);
    map.emplace(*name, *tensor);
  }
  return map;
}

void writeTorchFile(const std::filesystem::path& path, const TorchValue& value) {
  const auto bytesOf = [](std::string_view text) {
    const ByteView bytes = std::as_bytes(std::span(text));
    return Bytes(bytes.begin(), bytes.end());
  };
  PickledTorch pickled;
  try {
    pickled = pickleTorch(value);
  } catch (const CodecError& error) {
    throw Error(Error::Kind::Failure, "cannot write " + path.string(), error.what(), "check the values");
  }
  std::vector<ZipEntry> entries;
  entries.push_back({"archive/data.pkl", std::move(pickled.pickle)});
  entries.push_back({"archive/byteorder", bytesOf("little")});
  for (size_t i = 0; i < pickled.storages.size(); ++i)
    entries.push_back({fmt::format("archive/data/{}", i), std::move(pickled.storages[i])});
  entries.push_back({"archive/version", bytesOf("3\n")});
  writeZip(path, entries);
}

void writeTensorMap(const std::filesystem::path& path, const TorchTensorMap& tensors) {
  TorchValue::Dict dict;
  for (const auto& [name, tensor] : tensors) dict.push_back({{name}, {tensor}});
  writeTorchFile(path, {std::move(dict)});
}

}  // namespace ditscope::db

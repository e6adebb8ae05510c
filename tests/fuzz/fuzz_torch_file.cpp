// SPDX-License-Identifier: Apache-2.0
// A file of torch.save from a stranger: it is refused with db::Error, or what it says can be written and read
// again. An input that begins as a zip archive is a whole file, any other the pickle inside one, whose
// storages then have whatever size it says; a checksum would keep the fuzzer away from it.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "db/error.h"
#include "db/pickle_graph.h"
#include "db/torch_file.h"
#include "db/torch_pickle_writer.h"
#include "db/torch_tree.h"

using namespace ditscope::db;

namespace {

const std::string kFile = "file";

TorchValue readPickleAlone(ByteView pickle) {
  const auto zeros = [](const std::string&, uint64_t bytes) -> Bytes {
    constexpr uint64_t kEnough = 1 << 14;
    if (bytes > kEnough) throw Error(Error::Kind::BadInput, kFile, "a storage is missing", "none");
    return Bytes(bytes);
  };
  return torchValueOf(readPickle(pickle, kFile), zeros, kFile);
}

TorchValue readBack(const PickledTorch& written) {
  const auto storage = [&](const std::string& key, uint64_t) { return written.storages.at(std::stoul(key)); };
  return torchValueOf(readPickle(written.pickle, kFile), storage, kFile);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView bytes = std::as_bytes(std::span(data, size));
  const bool isArchive = size > 1 && data[0] == 'P' && data[1] == 'K';
  try {
    const TorchValue value = isArchive ? parseTorchFile(bytes, kFile) : readPickleAlone(bytes);
    const PickledTorch once = pickleTorch(value);
    const PickledTorch twice = pickleTorch(readBack(once));
    if (once.pickle != twice.pickle || once.storages != twice.storages) std::abort();
  } catch (const Error&) {
  }
  return 0;
}

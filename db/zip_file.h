// SPDX-License-Identifier: Apache-2.0
// Zip archives whose entries are stored without compression, as torch.save makes them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "db/codec_bytes.h"

struct zip;

namespace ditscope::db {

// Reads an archive that lies in memory and outlives the reader. Throws db::Error, in the words of
// refuseTorchFile, for a file that is no archive, an entry that is compressed or encrypted, and a checksum
// that does not fit.
class ZipReader {
 public:
  ZipReader(ByteView archive, std::string file);

  [[nodiscard]] const std::vector<std::string>& names() const { return m_names; }  // in the order of the file
  [[nodiscard]] bool contains(const std::string& name) const;
  [[nodiscard]] Bytes read(const std::string& name) const;

 private:
  struct Closer {
    void operator()(zip* archive) const;
  };
  std::string m_file;
  uint64_t m_archiveBytes;
  std::unique_ptr<zip, Closer> m_zip;
  std::vector<std::string> m_names;
};

struct ZipEntry {
  std::string name;  // ASCII
  Bytes content;
};

// Writes the entries in their order, each content at a multiple of 64 bytes from the start of the file, with
// a fixed date, so that the same content makes the same file. Replaces `path` whole or leaves it as it was.
// Throws db::Error.
void writeZip(const std::filesystem::path& path, const std::vector<ZipEntry>& entries);

}  // namespace ditscope::db

// SPDX-License-Identifier: Apache-2.0
// A file that is written whole or not at all: under another name until commit(), which gives it its own.
// Without a commit nothing is left of it. Throws db::Error (BadInput) for a folder that is missing or full.
#pragma once

#include <filesystem>
#include <fstream>
#include <string_view>

namespace ditscope::analyzer {

class PartPath {  // for writers that open the file themselves
 public:
  explicit PartPath(std::filesystem::path path);
  ~PartPath();
  PartPath(const PartPath&) = delete;
  PartPath& operator=(const PartPath&) = delete;

  [[nodiscard]] const std::filesystem::path& part() const { return m_part; }
  void commit(bool written = true);  // the writer must have closed it

 private:
  std::filesystem::path m_path, m_part;
};

class PartFile {
 public:
  explicit PartFile(std::filesystem::path path);

  void write(std::string_view bytes) { m_file.write(bytes.data(), std::streamsize(bytes.size())); }
  void commit();

 private:
  PartPath m_path;  // goes after the stream
  std::ofstream m_file;
};

}  // namespace ditscope::analyzer

// SPDX-License-Identifier: Apache-2.0
#include "collector/output_file.h"

#include <fstream>
#include <system_error>

#include "db/error.h"

namespace ditscope::collector {

namespace fs = std::filesystem;

void checkOutputFile(const fs::path& file, bool overwrite) {
  std::error_code error;
  if (!overwrite && fs::exists(file, error)) {
    throw db::Error(db::Error::Kind::BadInput, file.string(), "it is there already",
                    "choose another name or use --overwrite");
  }
  if (!fs::is_directory(fs::absolute(file).parent_path(), error)) {
    throw db::Error(db::Error::Kind::BadInput, file.string(), "its folder does not exist",
                    "make the folder first");
  }
}

void writeTextFile(const fs::path& file, const std::string& text) {
  const fs::path part = file.string() + ".part";
  std::ofstream out(part, std::ios::binary);
  out << text << '\n';
  out.close();
  std::error_code error;
  if (out) fs::rename(part, file, error);
  if (!out || error) {
    std::error_code ignored;
    fs::remove(part, ignored);
    throw db::Error(db::Error::Kind::Failure, file.string(), "cannot write it",
                    "check the disk and the folder");
  }
}

}  // namespace ditscope::collector

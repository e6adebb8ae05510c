// SPDX-License-Identifier: Apache-2.0
#include "analyzer/part_file.h"

#include <system_error>
#include <utility>

#include "db/error.h"

namespace ditscope::analyzer {

PartPath::PartPath(std::filesystem::path path) : m_path(std::move(path)), m_part(m_path.string() + ".part") {}

PartPath::~PartPath() {
  std::error_code ignored;
  std::filesystem::remove(m_part, ignored);  // after a commit there is none
}

void PartPath::commit(bool written) {
  std::error_code error = written ? std::error_code() : std::make_error_code(std::errc::io_error);
  if (!error) std::filesystem::rename(m_part, m_path, error);
  if (!error) return;
  throw db::Error(db::Error::Kind::BadInput, "cannot write " + m_path.string(), error.message(),
                  "check that its folder exists, that you may write to it and that it has room");
}

PartFile::PartFile(std::filesystem::path path)
    : m_path(std::move(path)), m_file(m_path.part(), std::ios::binary | std::ios::trunc) {}

void PartFile::commit() {
  m_file.flush();
  m_file.close();
  m_path.commit(!m_file.fail());
}

}  // namespace ditscope::analyzer

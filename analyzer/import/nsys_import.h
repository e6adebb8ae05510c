// SPDX-License-Identifier: Apache-2.0
// Reads the SQLite export of Nsight Systems into the normal form.
#pragma once

#include <filesystem>

#include "analyzer/import/capture_builder.h"
#include "analyzer/progress.h"

namespace ditscope::analyzer {

// Throws db::Error or db::Cancelled.
void readNsys(const std::filesystem::path& file, CaptureBuilder& capture, const Progress& progress);

}  // namespace ditscope::analyzer

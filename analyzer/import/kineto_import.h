// SPDX-License-Identifier: Apache-2.0
// Reads a trace of the PyTorch profiler (.json or .json.gz, of any year) into the normal form. Of the
// metadata only versions, device properties, the time base and the rank are taken; all else may hold secrets.
#pragma once

#include <string>

#include "analyzer/import/byte_source.h"
#include "analyzer/import/capture_builder.h"
#include "analyzer/progress.h"

namespace ditscope::analyzer {

// `totalBytes` of the file, for the progress alone. Throws db::Error when nothing of it is a trace, or
// db::Cancelled.
void readKineto(ByteSource& source, const std::string& name, int64_t totalBytes, CaptureBuilder& capture,
                const Progress& progress);

}  // namespace ditscope::analyzer

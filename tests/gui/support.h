// SPDX-License-Identifier: GPL-3.0-or-later
// Traces for the tests of the window.
#pragma once

#include <QTemporaryDir>
#include <filesystem>

#include "tests/support/make_trace.h"

namespace ditscope::tests {

inline std::filesystem::path traceIn(const QTemporaryDir& folder, const char* name,
                                     const SyntheticTraceOptions& options = {
                                         .steps = 6, .layers = 3, .heads = 4}) {
  const std::filesystem::path path = std::filesystem::path(folder.path().toStdString()) / name;
  makeSyntheticTrace(path, options);
  return path;
}

}  // namespace ditscope::tests

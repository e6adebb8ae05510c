// SPDX-License-Identifier: Apache-2.0
// `ditscope import` of the capture of another profiler. Used by the program alone.
#pragma once

#include <string>

#include "analyzer/commands.h"
#include "analyzer/import/capture_import.h"

namespace ditscope::analyzer {

struct CaptureArguments {
  std::string file, out;
  std::string rules;  // file; empty = the built-in ones
  bool json = false;
};

// With progress on the terminal; Ctrl-C stops it and leaves nothing behind. Throws db::Error.
[[nodiscard]] CommandResult importCaptureCommand(const CaptureArguments& arguments, CaptureFormat format);

}  // namespace ditscope::analyzer

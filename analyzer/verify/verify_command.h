// SPDX-License-Identifier: Apache-2.0
// `ditscope verify`: reads the configuration and both recordings, records the second one where none is named.
#pragma once

#include <string>

#include "analyzer/commands.h"

namespace ditscope::analyzer {

struct VerifyOptions {
  std::string dense;  // trace
  std::string run;    // trace; empty = record one
  std::string out;    // where to; empty = into a folder that is removed
  int rounds = 0;     // of a dense and a configured run in turn, for their times
};

// common.file is the configuration. Exit code 1 when its promise was missed.
[[nodiscard]] CommandResult runVerify(const CommonOptions& common, const VerifyOptions& options);

}  // namespace ditscope::analyzer

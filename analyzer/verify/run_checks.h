// SPDX-License-Identifier: Apache-2.0
// Whether a configuration, a dense recording and a run with the configuration can be compared at all. Each
// throws db::Error that names the file, what differs and what to do.
#pragma once

#include <string>

#include "analyzer/verify/verification.h"
#include "db/config.h"

namespace ditscope::analyzer {

// The recording is of the configuration's model, size, steps and blocks.
void checkFitsConfig(const std::string& configFile, const db::SparsityConfig& config,
                     const Recording& recording);
void checkDense(const Recording& dense);
// Same weights, seed, label, guidance and scheduler, every call recorded, with recalls and errors.
void checkSameRequest(const Recording& dense, const Recording& run);
// The methods that planned the heads are those of the configuration.
void checkObeyed(const std::string& configFile, const db::ConfigTable& config, const Recording& run);

}  // namespace ditscope::analyzer

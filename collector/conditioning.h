// SPDX-License-Identifier: Apache-2.0
// From the user's choices to what the sampling loop needs: noise, prompt or label, guidance.
#pragma once

#include "collector/collect.h"
#include "collector/pipeline_folder.h"
#include "collector/sampling_run.h"

namespace ditscope::collector {

// Throws db::Error when the model wants something that neither the options nor the folder give.
SamplingRequest makeRequest(const CollectOptions& options, const PipelineFolder& folder,
                            const DenoiserShape& shape);

}  // namespace ditscope::collector

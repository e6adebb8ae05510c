// SPDX-License-Identifier: Apache-2.0
// The instruction sets that attentionCpu() was built for and that this machine has, for tests and benchmarks.
// Without a choice the best one is used. The choice holds for the whole process; make it while no kernel
// runs.
#pragma once

#include <string>
#include <vector>

namespace ditscope::kernels {

// Highway's names (AVX3 stands for AVX-512), best first; the last is the fallback that always works.
[[nodiscard]] std::vector<std::string> cpuTargets();

// Throws std::invalid_argument for a name that cpuTargets() does not have; "" goes back to the best.
void useCpuTarget(const std::string& name);

}  // namespace ditscope::kernels

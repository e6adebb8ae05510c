// SPDX-License-Identifier: Apache-2.0
#include "kernels/cpu_targets.h"
#include "tests/kernels/attention_case.h"

namespace ditscope::kernels::test {

// The reference has to pass the suite like everyone; the CPU kernel passes it on every instruction set that
// the machine has.
std::vector<Variant> variants() {
  std::vector<Variant> all = {{"reference", attentionReference, 1e-6}};
  for (const std::string& target : cpuTargets()) {
    all.push_back({"cpu" + target, [target](const AttentionArgs& args) {
                     useCpuTarget(target);
                     attentionCpu(args);
                   }});
  }
  all.push_back({"cpuOneThread", [](const AttentionArgs& args) {
                   useCpuTarget("");
                   attentionCpu(args, 1);
                 }});
  return all;
}

}  // namespace ditscope::kernels::test

// SPDX-License-Identifier: Apache-2.0
#include "tests/kernels/attention_case.h"

namespace ditscope::kernels::test {

std::vector<Variant> variants() {
  return {{"reference", attentionReference, 1e-6},
          {"cpu", [](const AttentionArgs& args) { attentionCpu(args); }},
          {"cpuOneThread", [](const AttentionArgs& args) { attentionCpu(args, 1); }}};
}

}  // namespace ditscope::kernels::test

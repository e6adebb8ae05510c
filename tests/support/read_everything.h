// SPDX-License-Identifier: Apache-2.0
// Calls every function of a reader, for files that may be damaged.
#pragma once

#include "db/trace_reader.h"

namespace ditscope::tests {

inline void readEverything(const db::TraceReader& reader) {
  (void)reader.run();
  (void)reader.devices();
  (void)reader.layers();
  (void)reader.steps();
  (void)reader.health();
  (void)reader.diagnostics();
  (void)reader.circumstances();
  (void)reader.deviceClocks();
  (void)reader.launchConfigs();
  (void)reader.heads();
  (void)reader.kernelCount();
  reader.forEachKernel([](const db::Kernel&) {});
  for (const db::AttnCall& call : reader.calls()) {
    (void)reader.findCall(call.step, call.layer, call.branch);
    for (int32_t head = 0; head < 2; ++head) {
      (void)reader.mask(call.id, head);
      (void)reader.mass(call.id, head);
      (void)reader.recallCurve(call.id, head);
      (void)reader.lseBlocks(call.id, head);
      (void)reader.lseRows(call.id, head);
    }
  }
}

}  // namespace ditscope::tests

// SPDX-License-Identifier: Apache-2.0
// The tracer of a build without CUPTI's headers.
#include "collector/probes/kernel_scope.h"
#include "collector/probes/kernel_tracer.h"

namespace ditscope::collector {

struct KernelTracer::Impl {};

KernelTracer::KernelTracer() = default;
KernelTracer::~KernelTracer() = default;

std::unique_ptr<KernelTracer> KernelTracer::open(std::string& whyNot) {
  whyNot = "this build has no CUPTI";
  return nullptr;
}

std::string KernelTracer::version() const {
  return "";
}

void KernelTracer::start(db::TraceWriter&, int64_t, const RunClock&) {}

TracerReport KernelTracer::stop() {
  return {};
}

void KernelTracer::giveUp() {}

KernelScope::KernelScope(int64_t) {}
KernelScope::~KernelScope() = default;

}  // namespace ditscope::collector

// SPDX-License-Identifier: Apache-2.0
#include "collector/run_device.h"

#include <fmt/core.h>

#include "collector/cuda/device.h"
#include "collector/environment.h"
#include "collector/probes/cuda_driver.h"
#include "db/error.h"

namespace ditscope::collector {

RunDevice::RunDevice(const LoadOptions& where, const std::string& tracer) : m_device(where.device) {
  if (tracer == "off") return;
  std::string whyNot = "the run is on a CPU";
  if (m_device.is_cuda()) m_tracer = KernelTracer::open(whyNot);
  if (m_tracer != nullptr) return;
  if (tracer == "on") {
    throw db::Error(db::Error::Kind::BadInput, "--cupti on", whyNot,
                    "leave it out: events time the attention calls");
  }
  if (m_device.is_cuda()) {
    m_warnings.push_back(fmt::format("CUPTI : {} : only attention calls are timed, by events", whyNot));
  }
}

void RunDevice::describe(db::Run& run) const {
  if (!m_device.is_cuda()) return;
  run.driver = probeCudaDriver().version;
  run.cuda = cuda::runtimeVersion();
  if (m_tracer != nullptr) run.cupti = m_tracer->version();
}

int64_t RunDevice::addTo(db::TraceWriter& writer) const {
  return writer.addDevice(m_device.is_cuda() ? cuda::currentDevice() : cpuDevice());
}

RecordOptions RunDevice::recordOptions(RecordOptions options) const {
  options.launches = m_tracer == nullptr;
  return options;
}

RunDevice::Span::Span(RunDevice& place, db::TraceWriter& writer, int64_t deviceId, const RunClock& clock)
    : m_place(place), m_writer(writer), m_clock(clock) {
  if (place.m_tracer != nullptr) place.m_tracer->start(writer, deviceId, clock);
}

RunDevice::Span::~Span() {
  if (!m_finished && m_place.m_tracer != nullptr) m_place.m_tracer->giveUp();
}

void RunDevice::Span::finish() {
  m_finished = true;
  const int64_t now = m_clock.now();
  for (const std::string& warning : m_place.m_warnings) m_writer.addDiagnostic({now, "warning", warning});
  if (m_place.m_tracer == nullptr) return;
  const TracerReport report = m_place.m_tracer->stop();
  for (const db::HealthCounter& counter : report.health) m_writer.setHealth(counter.name, counter.value);
  for (const std::string& note : report.notes) m_writer.addDiagnostic({now, "info", note});
}

}  // namespace ditscope::collector

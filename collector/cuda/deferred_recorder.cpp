// SPDX-License-Identifier: Apache-2.0
#include "collector/cuda/deferred_recorder.h"

#include <ATen/ATen.h>

#include <memory>
#include <utility>

namespace ditscope::collector::cuda {
namespace {

int64_t nsBetween(const Mark& begin, const Mark& end) {
  return begin.defined() && end.defined() ? end.nsSince(begin) : 0;
}

}  // namespace

DeferredRecorder::DeferredRecorder(Recorder& recorder, const RunClock& clock)
    : m_recorder(recorder), m_clock(clock), m_base(Mark::here()) {
  synchronise();
  m_baseNs = clock.now();
  m_thread = std::jthread([this](std::stop_token stop) { recordAll(std::move(stop)); });
}

DeferredRecorder::~DeferredRecorder() {
  m_thread.request_stop();
  m_changed.notify_all();
}

// From marks that the stream has passed.
void DeferredRecorder::resolve(LaunchTime& launch) const {
  if (!launch.before.defined() || !launch.after.defined()) return;
  launch.startNs = m_baseNs + launch.before.nsSince(m_base);
  launch.kernelNs = launch.after.nsSince(launch.before);
}

void DeferredRecorder::add(Observation seen, CallMarks marks) {
  const auto shared = std::make_shared<Observation>(std::move(seen));
  m_open.push_back([this, shared, marks = std::move(marks)] {
    Observation& call = *shared;
    for (LaunchTime& launch : call.result.launches) resolve(launch);
    call.call.kernelNs = call.result.kernelNs();
    call.call.searchNs =
        nsBetween(marks.planBegin, marks.planEnd) + nsBetween(marks.observeBegin, marks.observeEnd);
    call.recordNs = nsBetween(marks.recordBegin, marks.recordEnd);
    m_totals.kernelNs += call.call.kernelNs;
    m_totals.searchNs += call.call.searchNs;
    m_totals.recordNs += *call.recordNs;
    m_recorder.record(std::move(call));
  });
}

void DeferredRecorder::addTimeOnly(db::AttnCall call, LaunchTime launch, const at::Tensor& q,
                                   std::string kernelName) {
  const at::Tensor shape = at::empty({}, at::kByte).expand(q.sizes());
  m_open.push_back([this, call = std::move(call), launch = std::move(launch), shape,
                    name = std::move(kernelName)]() mutable {
    resolve(launch);
    call.kernelNs = launch.kernelNs;
    m_totals.kernelNs += call.kernelNs;
    m_recorder.recordTimeOnly(std::move(call), launch, shape, name);
  });
}

void DeferredRecorder::endStep() {
  synchronise();
  std::unique_lock lock(m_mutex);
  m_changed.wait(lock, [this] { return !m_next; });
  rethrow();
  m_next = std::exchange(m_open, {});
  m_changed.notify_all();
}

DeferredTotals DeferredRecorder::finish() {
  std::unique_lock lock(m_mutex);
  m_changed.wait(lock, [this] { return !m_next && !m_busy; });
  rethrow();
  return m_totals;
}

void DeferredRecorder::rethrow() {
  if (m_failure) std::rethrow_exception(std::exchange(m_failure, nullptr));
}

void DeferredRecorder::recordAll(std::stop_token stop) {
  std::unique_lock lock(m_mutex);
  while (m_changed.wait(lock, stop, [this] { return m_next.has_value(); })) {
    const Batch batch = std::exchange(m_next, std::nullopt).value();
    m_busy = true;
    m_changed.notify_all();
    lock.unlock();
    std::exception_ptr failure;
    try {
      for (const std::function<void()>& record : batch) record();
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (failure) m_failure = failure;
    m_busy = false;
    m_changed.notify_all();
  }
}

}  // namespace ditscope::collector::cuda

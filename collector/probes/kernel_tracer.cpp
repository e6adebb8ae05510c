// SPDX-License-Identifier: Apache-2.0
#include "collector/probes/kernel_tracer.h"

#include <fmt/core.h>
#include <time.h>

#include <atomic>
#include <optional>
#include <stop_token>
#include <thread>

#include "collector/probes/cuda_driver.h"
#include "collector/probes/cupti_records.h"
#include "collector/probes/cupti_subscription.h"
#include "collector/probes/kernel_ledger.h"
#include "collector/probes/kernel_scope.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

constexpr int kFlushMs = 100;
constexpr int64_t kClockStepNs = 1'000'000;

std::atomic<bool> isOpen = false;
std::atomic<const CuptiLibrary*> running = nullptr;  // set between start() and stop()

int64_t systemClock(clockid_t id) {
  timespec time = {};
  clock_gettime(id, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// The wall clock against the monotonic one: CUPTI's times follow the wall clock, which may be set.
int64_t wallAhead() {
  return systemClock(CLOCK_REALTIME) - systemClock(CLOCK_MONOTONIC_RAW);
}

}  // namespace

struct KernelTracer::Impl {
  CuptiSubscription subscription;
  const CuptiLibrary& cupti = subscription.cupti();

  // Of one span between start() and stop(); the reader's while its thread runs.
  std::optional<KernelLedger> ledger;
  std::optional<CuptiRecords> records;
  ClockAnchor anchor;
  int64_t wallAheadAtStart = 0;
  db::TraceWriter* writer = nullptr;
  int64_t deviceId = 0;
  int64_t declinedBefore = 0;
  std::jthread reader;

  [[nodiscard]] ClockAnchor readClocks(const RunClock& clock) const;
  void read(const std::stop_token& stop);
  void readAllFull();
  void readBlock(CuptiBuffers::Full block);
  void settle(bool atEnd);
  [[nodiscard]] TracerReport report() const;
  void endCapture();
  void forget();
};

// The pair that lies closest together of a few.
ClockAnchor KernelTracer::Impl::readClocks(const RunClock& clock) const {
  ClockAnchor best;
  int64_t closest = INT64_MAX;
  for (int i = 0; i < 5; ++i) {
    const int64_t before = clock.now();
    uint64_t time = 0;
    cupti.getTimestamp(&time);
    const int64_t apart = clock.now() - before;
    if (apart < closest) {
      closest = apart;
      best = {before + apart / 2, time};
    }
  }
  return best;
}

void KernelTracer::Impl::readBlock(CuptiBuffers::Full block) {
  CUpti_Activity* record = nullptr;
  while (cupti.nextRecord(block.data, block.validBytes, &record) == CUPTI_SUCCESS) {
    if (records) records->add(record);
  }
  cuptiPool().giveBack(block);
}

void KernelTracer::Impl::readAllFull() {
  while (!cuptiPool().nothingFull()) readBlock(cuptiPool().next(0));
}

void KernelTracer::Impl::settle(bool atEnd) {
  for (const GpuClock& clock : records->takeClocks()) {
    try {
      writer->push(db::DeviceClock{deviceId, anchor.toRun(clock.time), int64_t{clock.mhz} * 1'000'000});
    } catch (const db::Error&) {  // the disk is full, say: whoever samples is told by the next push()
      return;
    }
  }
  ledger->settle(atEnd, [this](const db::LaunchConfig& config, db::Kernel kernel) {
    kernel.deviceId = deviceId;
    try {
      kernel.configId = writer->addLaunchConfig(config);
    } catch (const db::Error&) {
      return;
    }
    writer->tryPush(kernel);  // drops are counted by the writer
  });
}

void KernelTracer::Impl::read(const std::stop_token& stop) {
  while (!stop.stop_requested() || !cuptiPool().nothingFull()) {
    const CuptiBuffers::Full block = cuptiPool().next(kFlushMs);
    if (block.data == nullptr) continue;
    readBlock(block);
    if (cuptiPool().nothingFull()) settle(false);
  }
}

void KernelTracer::Impl::endCapture() {
  running = nullptr;
  cupti.flushAll(0);
  cupti.flushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
  subscription.disable();
  reader.request_stop();
  cuptiPool().wake();
  reader.join();
}

void KernelTracer::Impl::forget() {
  records.reset();
  ledger.reset();
  writer = nullptr;
}

TracerReport KernelTracer::Impl::report() const {
  const LedgerHealth seen = ledger->health();
  size_t dropped = 0;
  cupti.droppedRecords(nullptr, 0, &dropped);
  const int64_t step = wallAhead() - wallAheadAtStart;
  TracerReport report{.kernels = ledger->kernels(), .linked = ledger->linked(), .unmatched = seen.unmatched};
  report.health = {{"cupti_dropped_records", int64_t(dropped)},
                   {"cupti_declined_buffers", cuptiPool().declined() - declinedBefore},
                   {"kernels_without_time", seen.zeroTime},
                   {"kernels_before_their_launch", seen.beforeLaunch},
                   {"kernels_without_launch", seen.orphans},
                   {"clock_steps", std::abs(step) > kClockStepNs ? 1 : 0}};
  report.notes.push_back(
      fmt::format("CUPTI {}: {} kernels, {} of them of attention calls, {} launches without a "
                  "kernel; it says that it cost {:.1f} ms itself",
                  cuptiVersionText(cupti.version), report.kernels, report.linked, seen.unmatched,
                  double(records->overheadNs()) * 1e-6));
  report.notes.push_back(
      fmt::format("clocks at the start: run {} ns = CUPTI {} ns; the wall clock moved by {} ns "
                  "against the monotonic one",
                  anchor.runNs, anchor.tracerNs, step));
  if (const std::string text = records->conditions().text(); !text.empty()) report.notes.push_back(text);
  return report;
}

KernelTracer::KernelTracer() : m_impl(std::make_unique<Impl>()) {}

std::unique_ptr<KernelTracer> KernelTracer::open(std::string& whyNot) {
  const CudaDriver driver = probeCudaDriver();  // without one CUPTI fails with UNKNOWN, or seems to work
  whyNot = driver.whyNot;
  if (!whyNot.empty()) return nullptr;
  if (isOpen.exchange(true)) {
    whyNot = "this process has a tracer already";
    return nullptr;
  }
  std::unique_ptr<KernelTracer> tracer(new KernelTracer());
  Impl& impl = *tracer->m_impl;
  whyNot = impl.subscription.take();
  if (!whyNot.empty()) return nullptr;
  impl.cupti.flushPeriod(kFlushMs);
  return tracer;
}

KernelTracer::~KernelTracer() {
  giveUp();
  isOpen = false;
}

std::string KernelTracer::version() const {
  return cuptiVersionText(m_impl->cupti.version);
}

void KernelTracer::start(db::TraceWriter& writer, int64_t deviceId, const RunClock& clock) {
  Impl& impl = *m_impl;
  impl.cupti.flushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
  impl.readAllFull();  // of what happened before
  size_t ignored = 0;
  impl.cupti.droppedRecords(nullptr, 0, &ignored);
  impl.writer = &writer;
  impl.deviceId = deviceId;
  impl.declinedBefore = cuptiPool().declined();
  impl.anchor = impl.readClocks(clock);
  impl.wallAheadAtStart = wallAhead();
  impl.ledger.emplace(impl.anchor);
  impl.records.emplace(*impl.ledger);
  (void)impl.subscription.enable();  // as it did in open()
  impl.reader = std::jthread([&impl](const std::stop_token& stop) { impl.read(stop); });
  running = &impl.cupti;
}

TracerReport KernelTracer::stop() {
  m_impl->endCapture();
  m_impl->settle(true);
  TracerReport report = m_impl->report();
  m_impl->forget();
  return report;
}

void KernelTracer::giveUp() {
  if (m_impl->writer == nullptr) return;
  m_impl->endCapture();
  m_impl->forget();
}

KernelScope::KernelScope(int64_t callId) {
  const CuptiLibrary* cupti = running.load(std::memory_order_relaxed);
  if (cupti == nullptr || callId == 0) return;
  m_pushed =
      cupti->pushExternalId(CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM2, uint64_t(callId)) == CUPTI_SUCCESS;
}

KernelScope::~KernelScope() {
  if (!m_pushed) return;
  const CuptiLibrary* cupti = running.load(std::memory_order_relaxed);
  uint64_t ignored = 0;
  if (cupti != nullptr) cupti->popExternalId(CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM2, &ignored);
}

}  // namespace ditscope::collector

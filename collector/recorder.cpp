// SPDX-License-Identifier: Apache-2.0
#include "collector/recorder.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include "collector/head_statistics.h"
#include "collector/head_times.h"

namespace ditscope::collector {
namespace {

template <class T>
std::span<const T> headSpan(const at::Tensor& x, int64_t head) {  // x: [1, H, ...], contiguous
  const auto size = size_t(x.numel() / x.size(1));
  return {static_cast<const T*>(x.data_ptr()) + size_t(head) * size, size};
}

// Waking other threads costs more than a summary of this many values.
int64_t headsAThread(const at::Tensor& lse) {  // [1, H, Nq]
  constexpr int64_t kValuesAThread = 1 << 16;
  return std::max<int64_t>(1, kValuesAThread / std::max<int64_t>(1, lse.size(2)));
}

const db::BlockMask& maskOf(const std::vector<db::BlockMask>& masks, size_t head) {
  return masks.size() == 1 ? masks.front() : masks[head];
}

at::Tensor floatRows(const at::Tensor& x) {
  const at::Tensor floats = x.to(at::kFloat);
  return floats.stride(3) == 1 ? floats : floats.contiguous();
}

RowView headRows(const at::Tensor& x, int64_t head) {  // x: [1, H, N, D], rows dense
  return {x.data_ptr<float>() + head * x.stride(1), x.size(2), x.size(3), x.stride(2)};
}

db::BlockMass massOf(const at::Tensor& mass, int64_t head) {  // mass: [1, H, g, t]
  const std::span<const float> values = headSpan<float>(mass, head);
  return {int32_t(mass.size(2)), int32_t(mass.size(3)), {values.begin(), values.end()}};
}

bool ran(const HeadLaunch& head) {  // false: the method gave the output, and no kernel ran
  return !head.launch->output.defined();
}

double meanDensityOf(const std::vector<db::HeadStats>& heads) {
  return std::accumulate(heads.begin(), heads.end(), 0.0,
                         [](double sum, const auto& h) { return sum + double(h.densityQk); }) /
         double(heads.size());
}

double flopsDense(const db::AttnCall& call, const at::Tensor& out) {
  return 4.0 * double(out.size(1)) * double(call.qLen) * double(call.kvLen) * double(out.size(3));
}

}  // namespace

Recorder::Recorder(db::TraceWriter& writer, RecordOptions options, const RunClock& clock, int64_t deviceId,
                   int selfLayers)
    : m_writer(writer),
      m_options(std::move(options)),
      m_clock(clock),
      m_deviceId(deviceId),
      m_selfLayers(selfLayers) {}

bool Recorder::wantsMass(int step, int layer) const {
  return m_options.level != db::RecordLevel::Stats && step % m_options.everyStep == 0 &&
         (m_options.layers.empty() || m_options.layers.contains(layer));
}

void Recorder::record(Observation seen) {
  db::AttnRecord record;
  record.call = std::move(seen.call);
  record.call.flopsDense = flopsDense(record.call, seen.out);
  record.heads.resize(size_t(seen.out.size(1)));

  const Heads heads = headLaunches(seen.plan, seen.out.size(1));
  addKept(seen, heads, record);
  addDecisions(seen, heads, record);
  addLse(seen, heads, record);
  addDrift(seen, heads, record);
  if (seen.mass.defined()) {
    addMass(seen, heads, record);
    if (m_options.level == db::RecordLevel::Full) {
      for (size_t h = 0; h < heads.size(); ++h) {
        const std::span<const float> rows = headSpan<float>(seen.result.kernel.lse, int64_t(h));
        record.lseRows.emplace_back(rows.begin(), rows.end());
      }
    }
  }
  for (const LaunchTime& launch : seen.result.launches) {
    attributeTimes(launch, record.heads);
    if (launch.kernelNs > 0 && m_options.launches)
      pushKernel(record.call, launch, seen.out.size(1), seen.kernelName);
  }
  record.call.flopsDone = flopsDone(record);
  ++m_calls;
  m_densitySum += meanDensityOf(record.heads);
  record.call.recordNs = seen.recordNs ? *seen.recordNs : m_clock.now() - seen.recordStartNs;
  m_writer.push(std::move(record));
}

void Recorder::addKept(const Observation& seen, const Heads& heads, db::AttnRecord& record) {
  const auto rows = int32_t((record.call.qLen + record.call.blockQ - 1) / record.call.blockQ);
  const auto cols = int32_t((record.call.kvLen + record.call.blockK - 1) / record.call.blockK);
  const at::Tensor counters = seen.result.kernel.counters;
  if (!counters.defined()) {  // every block of every head
    record.masks.emplace_back(rows, cols, db::BlockState::Full);
  } else {
    record.masks = keptMasks(heads, seen.result, rows, cols);
  }
  for (size_t h = 0; h < heads.size(); ++h) {
    db::HeadStats& head = record.heads[h];
    if (heads[h].launch->computesAll()) {
      head.densityQk = head.densityPv = 1;
      head.recallMean = head.recallP01 = head.recallP05 = 1;
    } else {
      const int64_t visited = headSpan<int64_t>(counters, int64_t(h))[0];
      head.densityQk = float(double(visited) / (double(rows) * cols));
      head.densityPv = float(record.masks[h].density());
    }
  }
}

void Recorder::addDecisions(const Observation& seen, const Heads& heads, db::AttnRecord& record) {
  const std::vector<db::HeadDecision>& decisions = seen.plan.decisions;
  if (decisions.empty()) return;
  for (size_t h = 0; h < heads.size(); ++h) {
    record.decisions.push_back(decisions.size() == 1 ? decisions.front() : decisions[h]);
    record.decisions.back().order = heads[h].launch->order.name;
  }
}

void Recorder::addLse(const Observation& seen, const Heads& heads, db::AttnRecord& record) {
  record.lseBlocks.resize(heads.size());
  const at::Tensor lse = seen.result.kernel.lse;
  at::parallel_for(0, int64_t(heads.size()), headsAThread(lse), [&](int64_t begin, int64_t end) {
    for (int64_t h = begin; h < end; ++h) {
      if (ran(heads[size_t(h)])) summariseLse(headSpan<float>(lse, h), record.heads[size_t(h)]);
      record.lseBlocks[size_t(h)] = blockMeans(headSpan<float>(lse, h), record.call.blockQ);
    }
  });
}

void Recorder::addDrift(const Observation& seen, const Heads& heads, db::AttnRecord& record) {
  Previous now;
  now.lse = seen.full ? seen.full->kernel.lse : seen.result.kernel.lse;
  now.masks = record.masks;
  for (const HeadLaunch& head : heads) {
    const bool all = seen.full || head.launch->computesAll();
    now.lseOver.push_back(all ? LseOver::AllKeys : ran(head) ? LseOver::KeptKeys : LseOver::Nothing);
    now.orders.push_back(head.launch->order.name);
    now.ran.push_back(ran(head));
  }
  const Previous before = std::exchange(m_previous[{record.call.layer, record.call.branch}], now);
  if (!before.lse.defined() || before.lse.sizes() != now.lse.sizes()) return;
  at::parallel_for(0, int64_t(heads.size()), headsAThread(now.lse), [&](int64_t begin, int64_t end) {
    for (int64_t head = begin; head < end; ++head) {
      const auto h = size_t(head);
      db::HeadStats& stats = record.heads[h];
      if (before.lseOver[h] == now.lseOver[h] && now.lseOver[h] != LseOver::Nothing) {
        summariseLseDrift(headSpan<float>(now.lse, head), headSpan<float>(before.lse, head), stats);
      }
      if (before.ran[h] && now.ran[h] && before.orders[h] == now.orders[h]) {
        stats.maskDrift = float(1 - jaccard(maskOf(now.masks, h), maskOf(before.masks, h)));
      }
    }
  });
}

void Recorder::addMass(const Observation& seen, const Heads& heads, db::AttnRecord& record) {
  const KernelResult& kernel = seen.full->kernel;
  const bool known = seen.rowEntropy.defined() && seen.errorL1.defined();
  const at::Tensor out = known ? at::Tensor() : floatRows(seen.out);
  const at::Tensor full = known ? at::Tensor() : floatRows(kernel.out);
  record.masses.resize(heads.size());
  record.curves.resize(heads.size());
  at::parallel_for(0, int64_t(heads.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t h = begin; h < end; ++h) {
      const auto i = size_t(h);
      if (ran(heads[i])) {
        summariseRecall(headSpan<float>(seen.result.kernel.lse, h), headSpan<float>(kernel.lse, h),
                        record.heads[i]);
      }
      db::HeadStats& head = record.heads[i];
      head.rowEntropy = known ? seen.rowEntropy.data_ptr<float>()[h]
                              : rowEntropy(headSpan<int16_t>(kernel.rowLogMass, h),
                                           headSpan<float>(seen.full->lseInOrder, h));
      head.errorL1 =
          known ? seen.errorL1.data_ptr<float>()[h] : relativeL1(headRows(out, h), headRows(full, h));
      record.masses[i] = massOf(seen.mass, h);
      record.curves[i] = recallCurve(record.masses[i], record.call.qLen, record.call.blockQ);
    }
  });
}

void Recorder::recordTimeOnly(db::AttnCall call, const LaunchTime& launch, const at::Tensor& q,
                              const std::string& kernelName) {
  db::AttnRecord record;
  call.layer += m_selfLayers;
  call.flopsDense = call.flopsDone = flopsDense(call, q);
  if (m_options.launches) pushKernel(call, launch, q.size(1), kernelName);
  record.call = std::move(call);
  m_writer.push(std::move(record));
}

void Recorder::pushKernel(const db::AttnCall& call, const LaunchTime& launch, int64_t heads,
                          const std::string& name) {
  const auto queryBlocks = int32_t((call.qLen + call.blockQ - 1) / call.blockQ);
  db::LaunchConfig config;
  config.name = name;
  config.grid[0] = queryBlocks;
  config.grid[1] = int32_t(launch.heads.empty() ? heads : int64_t(launch.heads.size()));
  db::Kernel kernel;
  kernel.deviceId = m_deviceId;
  kernel.configId = m_writer.addLaunchConfig(config);
  kernel.startNs = launch.startNs;
  kernel.durationNs = launch.kernelNs;
  kernel.callId = call.id;
  kernel.link = db::LinkMethod::Direct;
  m_writer.push(kernel);
}

}  // namespace ditscope::collector

// SPDX-License-Identifier: Apache-2.0
#include "collector/recorder.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include "collector/head_statistics.h"

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

db::BlockMask maskFromBits(std::span<const int32_t> bits, int32_t rows, int32_t cols) {
  db::BlockMask mask(rows, cols);
  const int32_t words = (cols + 31) / 32;
  for (int32_t row = 0; row < rows; ++row) {
    for (int32_t word = 0; word < words; ++word) {
      for (auto rest = uint32_t(bits[size_t(row * words + word)]); rest != 0; rest &= rest - 1) {
        mask.set(row, word * 32 + std::countr_zero(rest), db::BlockState::Full);
      }
    }
  }
  return mask;
}

db::BlockMass massOf(const at::Tensor& mass, int64_t head) {  // mass: [1, H, g, t]
  const std::span<const float> values = headSpan<float>(mass, head);
  return {int32_t(mass.size(2)), int32_t(mass.size(3)), {values.begin(), values.end()}};
}

// Heads share a launch, so a head's time is its share of the blocks: half of a block's work is its scores,
// half its softmax and PV.
double workOf(const db::HeadStats& head) {
  return 0.5 * (double(head.densityQk) + double(head.densityPv));
}

void attributeTimes(db::AttnRecord& record) {
  double total = 0;
  for (const db::HeadStats& head : record.heads) {
    total += workOf(head);
  }
  for (db::HeadStats& head : record.heads) {
    head.timeNs = total > 0 ? std::llround(double(record.call.kernelNs) * workOf(head) / total) : 0;
    head.timeMethod = db::TimeMethod::Attributed;
  }
  record.call.flopsDone = record.call.flopsDense * total / double(record.heads.size());
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
  record.call.id = m_nextCallId++;
  record.call.flopsDense = flopsDense(record.call, seen.out);
  const int64_t heads = seen.out.size(1);
  record.heads.resize(size_t(heads));
  record.lseBlocks.resize(size_t(heads));

  const at::Tensor lse = seen.kernel.lse;
  addKept(seen, record);
  at::parallel_for(0, heads, headsAThread(lse), [&](int64_t begin, int64_t end) {
    for (int64_t h = begin; h < end; ++h) {
      summariseLse(headSpan<float>(lse, h), record.heads[size_t(h)]);
      record.lseBlocks[size_t(h)] = blockMeans(headSpan<float>(lse, h), record.call.blockQ);
    }
  });
  addDrift(seen, m_previous[{record.call.layer, record.call.branch}], record);
  if (seen.mass.defined()) {
    addMass(seen, record);
  }
  if (m_options.level == db::RecordLevel::Full && seen.mass.defined()) {
    for (int64_t h = 0; h < heads; ++h) {
      const std::span<const float> rows = headSpan<float>(lse, h);
      record.lseRows.emplace_back(rows.begin(), rows.end());
    }
  }
  attributeTimes(record);
  ++m_calls;
  m_densitySum += meanDensityOf(record.heads);
  pushKernel(record.call, seen.kernelStartNs, seen.out, seen.kernelName);
  record.call.recordNs = m_clock.now() - seen.recordStartNs;
  m_writer.push(std::move(record));
}

void Recorder::addKept(const Observation& seen, db::AttnRecord& record) const {
  const auto rows = int32_t((record.call.qLen + record.call.blockQ - 1) / record.call.blockQ);
  const auto cols = int32_t((record.call.kvLen + record.call.blockK - 1) / record.call.blockK);
  if (seen.dense) {
    record.masks.emplace_back(rows, cols, db::BlockState::Full);
    for (db::HeadStats& head : record.heads) {
      head.densityQk = head.densityPv = 1;
      head.recallMean = head.recallP01 = head.recallP05 = 1;
    }
    return;
  }
  for (size_t h = 0; h < record.heads.size(); ++h) {
    record.masks.push_back(maskFromBits(headSpan<int32_t>(seen.kernel.keptBits, int64_t(h)), rows, cols));
    const int64_t visited = headSpan<int64_t>(seen.kernel.counters, int64_t(h))[0];
    record.heads[h].densityQk = float(double(visited) / (double(rows) * cols));
    record.heads[h].densityPv = float(record.masks[h].density());
  }
}

void Recorder::addDrift(const Observation& seen, Previous& previous, db::AttnRecord& record) const {
  const bool overAllKeys = seen.dense || seen.full.lse.defined();
  const at::Tensor lse = seen.full.lse.defined() ? seen.full.lse : seen.kernel.lse;
  const Previous before = std::exchange(previous, {lse, overAllKeys, record.masks});
  if (!before.lse.defined() || before.lse.sizes() != lse.sizes()) return;
  at::parallel_for(0, int64_t(record.heads.size()), headsAThread(lse), [&](int64_t begin, int64_t end) {
    for (int64_t h = begin; h < end; ++h) {
      db::HeadStats& head = record.heads[size_t(h)];
      if (before.overAllKeys == overAllKeys) {
        summariseLseDrift(headSpan<float>(lse, h), headSpan<float>(before.lse, h), head);
      }
      head.maskDrift = float(1 - jaccard(maskOf(record.masks, size_t(h)), maskOf(before.masks, size_t(h))));
    }
  });
}

void Recorder::addMass(const Observation& seen, db::AttnRecord& record) const {
  const size_t heads = record.heads.size();
  const at::Tensor full = seen.full.out.to(at::kDouble);
  const at::Tensor error = (seen.out.to(at::kDouble) - full).abs().sum({0, 2, 3}) / full.abs().sum({0, 2, 3});
  record.masses.resize(heads);
  record.curves.resize(heads);
  at::parallel_for(0, int64_t(heads), 1, [&](int64_t begin, int64_t end) {
    for (int64_t h = begin; h < end; ++h) {
      const auto i = size_t(h);
      const std::span<const float> lse = headSpan<float>(seen.full.lse, h);
      summariseRecall(headSpan<float>(seen.kernel.lse, h), lse, record.heads[i]);
      record.heads[i].rowEntropy = rowEntropy(headSpan<int16_t>(seen.full.rowLogMass, h), lse);
      record.heads[i].errorL1 = float(error.data_ptr<double>()[h]);
      record.masses[i] = massOf(seen.mass, h);
      record.curves[i] = recallCurve(record.masses[i], record.call.qLen, record.call.blockQ);
    }
  });
}

void Recorder::recordTimeOnly(db::AttnCall call, const at::Tensor& q, const std::string& kernelName) {
  db::AttnRecord record;
  call.id = m_nextCallId++;
  call.layer += m_selfLayers;
  call.flopsDense = call.flopsDone = flopsDense(call, q);
  pushKernel(call, call.startNs, q, kernelName);
  record.call = std::move(call);
  m_writer.push(std::move(record));
}

void Recorder::pushKernel(const db::AttnCall& call, int64_t startNs, const at::Tensor& q,
                          const std::string& name) {
  const auto queryBlocks = int32_t((call.qLen + call.blockQ - 1) / call.blockQ);
  db::LaunchConfig config;
  config.name = name;
  config.grid[0] = queryBlocks;
  config.grid[1] = int32_t(q.size(1));
  db::Kernel kernel;
  kernel.deviceId = m_deviceId;
  kernel.configId = m_writer.addLaunchConfig(config);
  kernel.startNs = startNs;
  kernel.durationNs = call.kernelNs;
  kernel.callId = call.id;
  kernel.link = db::LinkMethod::Direct;
  m_writer.push(kernel);
}

}  // namespace ditscope::collector

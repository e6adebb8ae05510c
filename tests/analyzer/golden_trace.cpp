// SPDX-License-Identifier: Apache-2.0
#include "tests/analyzer/golden_trace.h"

#include "db/trace_writer.h"

namespace ditscope::tests {
namespace {

constexpr int32_t kSteps = 6;
constexpr int32_t kLayers = 3;
constexpr int32_t kHeads = 2;
constexpr int32_t kBlocks = 8;
constexpr int64_t kTokens = 500;  // the last of 8 blocks of 64 is short
constexpr int64_t kStepNs = 40'000'000;

struct Place {
  int32_t step, layer, head;
  db::Branch branch;
};

// A band around the diagonal that is wider in deeper layers and walks to the right over the steps.
db::BlockMask maskAt(const Place& at) {
  if (at.step < 2) return {kBlocks, kBlocks, db::BlockState::Full};
  db::BlockMask mask(kBlocks, kBlocks);
  for (int32_t row = 0; row < kBlocks; ++row)
    for (int32_t k = 0; k <= at.layer + at.head; ++k)
      mask.set(row, (row + k + at.step / 2) % kBlocks,
               k == 0 ? db::BlockState::Partial : db::BlockState::Full);
  return mask;
}

std::vector<float> lseAt(const Place& at) {
  std::vector<float> lse;
  for (int32_t block = 0; block < kBlocks; ++block) {
    const float sign = block % 2 == 0 ? 1.0F : -0.5F;
    lse.push_back(4.0F + 0.25F * float(block) + sign * 0.125F * float(at.step * (at.layer + 1)));
  }
  return lse;
}

db::HeadStats statsAt(const Place& at) {
  const float uncond = at.branch == db::Branch::Uncond ? 1.0F : 0.0F;
  const auto step = float(at.step);
  const auto depth = float(at.layer * kHeads + at.head);
  db::HeadStats s;
  s.densityQk = float(maskAt(at).density());
  s.densityPv = at.step < 2 ? 1.0F : s.densityQk - 0.03125F;
  s.recallMean = at.step < 2 ? 1.0F : 0.99F - 0.01F * depth - 0.005F * step - 0.002F * uncond;
  s.recallP05 = at.step < 2 ? 1.0F : s.recallMean - 0.05F;
  s.recallP01 = at.step < 2 ? 1.0F : s.recallMean - 0.1F;
  s.rowEntropy = 1.5F + 0.1F * depth;
  s.lseMean = 5.0F + 0.1F * step;
  s.lseStd = 0.5F;
  s.lseMin = 3.0F;
  s.lseMax = 8.0F;
  if (at.step > 0) {
    s.maskDrift = float(1.0 - db::jaccard(maskAt(at), maskAt({at.step - 1, at.layer, at.head, at.branch})));
    s.lseDriftMean = 0.05F * (depth + 1) / step;
    s.lseDriftP50 = s.lseDriftMean * 0.5F;
    s.lseDriftP90 = s.lseDriftMean * 2.0F;
    s.lseDriftSigned = (at.head == 0 ? -0.5F : 0.5F) * s.lseDriftMean;
  }
  if (at.step % 3 == 2) s.errorL1 = 0.01F * (depth + 1);  // measured at some steps only
  s.timeNs = 1'000'000 + 100'000 * at.layer + 10'000 * at.head - 100'000 * at.step;
  s.timeMethod = db::TimeMethod::Attributed;
  return s;
}

db::HeadDecision decisionAt(const Place& at) {
  db::HeadDecision decision;
  decision.method = at.layer == 2 ? "sparge" : "window";
  decision.choice = at.step < 2 ? "dense" : at.layer == 2 ? "vertical_slash" : "window";
  decision.budget = at.step < 2 ? 1.0F : 0.25F + 0.125F * float(at.head);
  if (at.layer == 2) decision.threshold = 0.875F + 0.0625F * float(at.head);
  if (at.layer == 2 && at.step > 2) decision.sourceStep = 2;
  return decision;
}

db::AttnRecord recordAt(int32_t step, int32_t layer, db::Branch branch) {
  static constexpr const char* kPlans[] = {"dense", "search"};
  db::AttnRecord record;
  db::AttnCall& call = record.call;
  call.id = 1 + (int64_t{step} * kLayers + layer) * 2 + int64_t(branch);
  call.step = step;
  call.layer = layer;
  call.branch = branch;
  call.qLen = call.kvLen = kTokens;
  call.blockQ = call.blockK = 64;
  call.plan = step < 2 ? kPlans[step] : "sparse";
  call.startNs = step * kStepNs + layer * int64_t{8'000'000} + int64_t(branch) * 4'000'000;
  call.searchNs = step == 1 ? 500'000 : 50'000;
  call.recordNs = 250'000;
  call.flopsDense = 4.0 * kHeads * kTokens * kTokens * 64;
  for (int32_t head = 0; head < kHeads; ++head) {
    const Place at{step, layer, head, branch};
    record.heads.push_back(statsAt(at));
    record.decisions.push_back(decisionAt(at));
    record.masks.push_back(maskAt(at));
    record.lseBlocks.push_back(lseAt(at));
    call.kernelNs += record.heads.back().timeNs;
    call.flopsDone += call.flopsDense / kHeads * record.masks.back().density();
  }
  return record;
}

void addEverything(db::TraceWriter& writer) {
  writer.addDevice({.id = 0,
                    .ordinal = 0,
                    .uuid = "device",
                    .name = "Example CPU @ 2.50GHz",
                    .smCount = 2,
                    .memoryBytes = 8'000'000'000,
                    .clockHz = 2'500'000'000});
  for (int32_t layer = 0; layer < kLayers; ++layer)
    writer.addLayer(
        {.index = layer, .name = "blocks." + std::to_string(layer), .nHeads = kHeads, .headDim = 64});
  for (int32_t step = 0; step < kSteps; ++step) {
    for (int32_t layer = 0; layer < kLayers; ++layer)
      for (const db::Branch branch : {db::Branch::Cond, db::Branch::Uncond})
        if (step != 5 || layer != 2) writer.push(recordAt(step, layer, branch));
    writer.push(db::Step{.index = step,
                         .sigma = 1.0 - step / double{kSteps},
                         .timestep = 1000.0 - step * 100,
                         .startNs = step * kStepNs,
                         .endNs = (step + 1) * kStepNs - 1'000'000});
  }
}

}  // namespace

db::Run goldenRun() {
  db::Run run;
  run.uuid = "00000000-0000-4000-8000-000000000001";
  run.groupUuid = "00000000-0000-4000-8000-000000000002";
  run.startedUtcNs = 1'772'368'200'000'000'000;  // 2026-03-01 12:30:00 UTC
  run.tool = "ditscope-collect 0.1.0";
  run.source = "synthetic";
  run.model = "WanTransformer3DModel";
  run.modelPath = "models/demo-video";
  run.scheduler = "UniPC";
  run.method = "window:width=2";
  run.record = db::RecordLevel::Mass;
  run.nSteps = kSteps;
  run.nLayers = kLayers;
  run.nHeads = kHeads;
  run.seqLen = kTokens;
  run.grid = {.frames = 5, .rows = 10, .cols = 10};
  run.blockQ = run.blockK = 64;
  run.dtype = "f32";
  run.seed = 7;
  run.label = 3;
  run.guidance = 4.5;
  run.torch = "1.13.0";
  run.blas = "OpenBLAS 0.3.21 (openmp)";
  run.durationNs = kSteps * kStepNs;
  run.overheadRatio = 1.0215;
  run.overheadLo = 1.0143;
  run.overheadHi = 1.0291;
  return run;
}

void writeGoldenTrace(const std::filesystem::path& path) {
  const db::Run run = goldenRun();
  db::TraceWriter writer(path, run);
  addEverything(writer);
  writer.setHealth("dropped_records", 0);
  writer.setHealth("clock_steps", 0);
  writer.addDiagnostic({.timeNs = 0, .severity = "info", .text = "recording starts"});
  writer.finalise(run);
}

void writeUnhealthyTrace(const std::filesystem::path& path) {
  db::Run run = goldenRun();
  run.overheadRatio = run.overheadLo = run.overheadHi = 0;
  run.model = "Wan\x1b[31mTransformer";  // an escape sequence must not reach the terminal
  run.method = "=cmd()";
  db::TraceWriter writer(path, run);
  addEverything(writer);
  writer.setHealth("dropped_records", 1204);
  writer.setHealth("clock_steps", 0);
  writer.addDiagnostic(
      {.timeNs = 1'240'000'000, .severity = "warning", .text = "the clock of the GPU stepped back"});
  writer.flush();
}

}  // namespace ditscope::tests

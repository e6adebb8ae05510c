// SPDX-License-Identifier: Apache-2.0
#include "tests/analyzer/export_support.h"

#include "db/trace_writer.h"
#include "tests/analyzer/golden_trace.h"
#include "tests/support/make_trace.h"

namespace ditscope::tests {
namespace {

constexpr const char* kHostile = "\x1b[31m<script>alert(\"1\")</script>'&amp;\\\n=1+1,\xe2\x80\xae\xc3\xa9";

void pushCall(db::TraceWriter& writer, int64_t id, int64_t startNs) {
  db::AttnRecord record;
  record.call.id = id;
  record.call.qLen = record.call.kvLen = 128;
  record.call.blockQ = record.call.blockK = 64;
  record.call.plan = kHostile;
  record.call.startNs = startNs;
  record.call.kernelNs = 500;
  record.heads.resize(1);
  record.heads[0].densityQk = 0.5F;
  record.heads[0].recallMean = 0.75F;
  record.decisions.resize(1);
  record.decisions[0].method = "<b onclick='x'>";
  writer.push(record);
}

}  // namespace

ProgramResult Exports::run(const std::vector<std::string>& arguments) const {
  return runProgram(std::filesystem::path(DITSCOPE_BIN_DIR) / "ditscope", arguments, m_folder.path());
}

ProgramResult Exports::python(const char* script, std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(),
                   (std::filesystem::path(DITSCOPE_SOURCE_DIR) / "tests/analyzer" / script).string());
  return runProgram(DITSCOPE_PYTHON, arguments, m_folder.path());
}

void Exports::storedTrace(const char* name) const {
  std::filesystem::copy_file(std::filesystem::path(DITSCOPE_SOURCE_DIR) / "tests/data/demo.db", at(name));
}

void Exports::syntheticTrace(const char* name) const {
  makeSyntheticTrace(at(name), {.steps = 4, .layers = 2, .heads = 3, .grid = {4, 16, 16}, .denseSteps = 1});
}

void Exports::hostileTrace(const char* name) const {
  db::Run run = goldenRun();
  run.model = run.method = run.scheduler = run.modelPath = run.tool = kHostile;
  db::TraceWriter writer(at(name), run);
  const int64_t device = writer.addDevice({.uuid = kHostile, .name = kHostile, .smCount = 1});
  const int32_t config = writer.addLaunchConfig({.name = kHostile});
  writer.addLayer({.index = 0, .name = kHostile, .nHeads = 1, .headDim = 64});
  writer.push(db::Step{.index = 0, .sigma = 1, .timestep = 1000, .startNs = 0, .endNs = 5000});
  for (int64_t i = 1; i <= 3; ++i) {
    pushCall(writer, i, i * 1000);
    writer.push(db::Kernel{.deviceId = device,
                           .configId = config,
                           .startNs = i * 1000 + 1,
                           .durationNs = 400,
                           .callId = i,
                           .link = db::LinkMethod::Direct});
  }
  writer.addDiagnostic({.timeNs = 1, .severity = "warning", .text = kHostile});
  writer.finalise(run);
}

void Exports::overlappingTrace(const char* name) const {
  const db::Run run = goldenRun();
  db::TraceWriter writer(at(name), run);
  const int32_t config = writer.addLaunchConfig({.name = "a kernel"});
  for (int32_t ordinal = 0; ordinal < 2; ++ordinal) {
    const int64_t device = writer.addDevice({.ordinal = ordinal, .uuid = {}, .name = "GPU"});
    for (int64_t i = 0; i < 20; ++i)
      writer.push(db::Kernel{.deviceId = device,
                             .configId = config,
                             .startNs = i * 100,
                             .durationNs = i % 4 * 90,
                             .stream = int32_t(i % 2)});
  }
  writer.finalise(run);
}

}  // namespace ditscope::tests

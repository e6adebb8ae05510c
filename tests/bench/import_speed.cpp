// SPDX-License-Identifier: Apache-2.0
// How fast captures of other profilers become traces, and in how much memory: makes a file of the size that
// is asked for, in the proportions of real ones, imports it and checks that no kernel is lost.
//   import_speed kineto|nsys MEGABYTES [FOLDER]
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "analyzer/import/capture_import.h"
#include "db/sqlite.h"
#include "db/trace_reader.h"

using namespace ditscope;

namespace {

constexpr int kLayers = 30;
constexpr int kKernelsPerLayer = 12;
constexpr int kPythonPerKernel = 5;
constexpr int64_t kLayerUs = 900;

struct Made {
  int64_t kernels = 0;
  int64_t rows = 0;  // of the tables that are imported
};

std::string event(const char* category, const std::string& name, int64_t us, int64_t duration,
                  const std::string& args) {
  return fmt::format(
      "{{\"ph\": \"X\", \"cat\": \"{}\", \"name\": \"{}\", \"pid\": 9, \"tid\": 9, \"ts\": {}.125, \"dur\": "
      "{}.251, "
      "\"args\": {{{}}}}},\n",
      category, name, us, duration, args);
}

std::string kinetoKernel(int64_t us, int64_t correlation, int kind) {
  return event("cpu_op", kind == 5 ? "aten::scaled_dot_product_attention" : "aten::addmm", us + 1, 50,
               fmt::format(
                   "\"External id\": {0}, \"Record function id\": 0, \"Input type\": [\"c10::BFloat16\", "
                   "\"c10::BFloat16\"], \"Input Dims\": [[2, 24, 4429, 64], [2, 24, 4429, 64], []], \"Input "
                   "Strides\": [[1], [1536, 1], []], \"Ev Idx\": {0}",
                   correlation)) +
         event("cuda_runtime", "cudaLaunchKernel", us + 10, 5,
               fmt::format("\"External id\": {0}, \"cbid\": 211, \"correlation\": {0}", correlation)) +
         event(
             "kernel",
             "void at::native::vectorized_elementwise_kernel<4, at::native::CUDAFunctor_add<c10::BFloat16>, "
             "std::array<char*, 3ul> >(int, at::native::CUDAFunctor_add<c10::BFloat16>, std::array<char*, "
             "3ul>)",
             us + 500, 40,
             fmt::format("\"External id\": {0}, \"queued\": 0, \"device\": 0, \"context\": 1, \"stream\": 7, "
                         "\"correlation\": {0}, \"registers per thread\": 32, \"shared memory\": 2112, "
                         "\"grid\": [{1}, "
                         "1, 1], \"block\": [256, 1, 1], \"est. achieved occupancy %\": 100",
                         correlation, 100 + kind));
}

Made makeKineto(const std::filesystem::path& path, int64_t bytes) {
  Made made;
  std::ofstream file(path, std::ios::binary);
  file << "{\"schemaVersion\": 1, \"traceEvents\": [\n";
  int64_t written = 0;
  for (int64_t layer = 0; written < bytes; ++layer) {
    const int64_t us = 1'000'000 + layer * kLayerUs;
    std::string text;
    if (layer % kLayers == 0)
      text += event("user_annotation", fmt::format("denoise step {}", layer / kLayers), us,
                    kLayers * kLayerUs - 1, "");
    text += event("python_function", fmt::format("nn.Module: JointTransformerBlock_{}", layer % kLayers), us,
                  kLayerUs - 10, "\"Python parent id\": 732");
    for (int kernel = 0; kernel < kKernelsPerLayer; ++kernel) {
      const int64_t at = us + 20 + 70 * kernel;
      for (int frame = 0; frame < kPythonPerKernel; ++frame)
        text += event(
            "python_function", fmt::format("torch/nn/modules/module.py({}): _call_impl", 1700 + frame), at,
            60, fmt::format("\"Python parent id\": 732, \"Python id\": {0}, \"Ev Idx\": {0}", made.kernels));
      text += kinetoKernel(at, ++made.kernels, kernel);
    }
    written += std::ssize(text);
    file << text;
  }
  file << "{\"ph\": \"M\", \"name\": \"end\", \"pid\": 0, \"args\": {}}]}\n";
  return made;
}

constexpr const char* kNsysTables =
    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
    "CREATE TABLE StringIds(id INTEGER PRIMARY KEY, value TEXT);"
    "INSERT INTO StringIds VALUES(1, 'void vectorized_elementwise_kernel<4>()'), (2, "
    "'cudaLaunchKernel_v7000');"
    "CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL(start INTEGER, end INTEGER, deviceId INTEGER, contextId INTEGER,"
    " greenContextId INTEGER, streamId INTEGER, correlationId INTEGER, globalPid INTEGER, demangledName "
    "INTEGER,"
    " shortName INTEGER, mangledName INTEGER, launchType INTEGER, cacheConfig INTEGER, registersPerThread "
    "INTEGER,"
    " gridX INTEGER, gridY INTEGER, gridZ INTEGER, blockX INTEGER, blockY INTEGER, blockZ INTEGER,"
    " staticSharedMemory INTEGER, dynamicSharedMemory INTEGER, localMemoryPerThread INTEGER, "
    "localMemoryTotal INTEGER,"
    " gridId INTEGER, sharedMemoryExecuted INTEGER, graphNodeId INTEGER);"
    "CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME(start INTEGER, end INTEGER, eventClass INTEGER, globalTid "
    "INTEGER,"
    " correlationId INTEGER, nameId INTEGER, returnValue INTEGER, callchainId INTEGER);"
    "CREATE TABLE NVTX_EVENTS(start INTEGER, end INTEGER, eventType INTEGER, rangeId INTEGER, category "
    "INTEGER,"
    " color INTEGER, text TEXT, globalTid INTEGER, endGlobalTid INTEGER, textId INTEGER, domainId INTEGER);";

// Of each kernel two calls and four ranges, as PyTorch's emit_nvtx leaves them.
Made makeNsys(const std::filesystem::path& path, int64_t bytes) {
  Made made;
  const db::Connection file(path, db::Connection::Mode::Create);
  file.exec(kNsysTables);
  db::Statement kernel = file.prepare(
      "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL "
      "VALUES(?,?,0,1,NULL,7,?,?,1,1,NULL,NULL,0,32,?,1,1,256,1,1,0,2112,0,0,?,"
      "NULL,NULL)");
  db::Statement call = file.prepare("INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES(?,?,0,?,?,2,0,NULL)");
  db::Statement range = file.prepare("INSERT INTO NVTX_EVENTS VALUES(?,?,59,NULL,NULL,NULL,?,?,NULL,NULL,0)");
  constexpr int64_t kProcess = int64_t{1} << 48 | int64_t{144} << 24;
  constexpr int64_t kThread = kProcess | 144;
  constexpr int64_t kLayersPerCommit = 2'000;
  for (int64_t layer = 0;; ++layer) {
    if (layer % kLayersPerCommit == 0) {
      if (layer > 0) file.exec("COMMIT");
      if (int64_t(std::filesystem::file_size(path)) >= bytes) return made;
      file.exec("BEGIN");
    }
    const int64_t ns = layer * kLayerUs * 1'000;
    range
        .bindAll(ns, ns + kLayerUs * 990, fmt::format("blocks.{}, op_id = {}", layer % kLayers, layer),
                 kThread)
        .run();
    for (int i = 0; i < kKernelsPerLayer; ++i) {
      const int64_t at = ns + 20'000 + 70'000 * i;
      const int64_t correlation = ++made.kernels;
      for (int k = 0; k < 4; ++k)
        range
            .bindAll(at + k, at + 50'000,
                     fmt::format("{}, op_id = {}",
                                 i == 5 && k == 0 ? "aten::scaled_dot_product_attention" : "aten::addmm",
                                 4 * correlation + k),
                     kThread)
            .run();
      call.bindAll(at + 10'000, at + 15'000, kThread, correlation).run();
      call.bindAll(at + 16'000, at + 17'000, kThread, 0).run();
      kernel.bindAll(at + 500'000, at + 540'251, correlation, kProcess, 100 + i, correlation).run();
    }
    made.rows += 1 + 7 * kKernelsPerLayer;
  }
}

double cpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

int64_t peakBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

int run(std::string_view kind, int64_t bytes, const std::filesystem::path& folder) {
  const bool kineto = kind == "kineto";
  const std::filesystem::path capture = folder / "import_speed_capture", trace = folder / "import_speed.db";
  std::filesystem::remove(capture);
  std::filesystem::remove(trace);
  const Made made = kineto ? makeKineto(capture, bytes) : makeNsys(capture, bytes);
  const auto size = double(std::filesystem::file_size(capture));
  const double cpu = cpuSeconds();
  const auto start = std::chrono::steady_clock::now();
  const auto report = analyzer::importCapture(
      capture, kineto ? analyzer::CaptureFormat::Kineto : analyzer::CaptureFormat::Nsys, trace, {}, {});
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double used = cpuSeconds() - cpu;
  const int64_t stored = db::TraceReader(trace, {.quickCheck = false, .cancelled = {}}).kernelCount();
  std::filesystem::remove(capture);
  std::filesystem::remove(trace);
  fmt::print(
      "{}: {:.0f} MB, {} kernels, {} attention calls; {:.1f} s wall, {:.1f} s of CPU; a second of CPU: "
      "{:.0f} MB",
      kind, size / 1e6, stored, report.counts.calls, wall, used, size / 1e6 / used);
  if (!kineto) fmt::print(", {:.0f} rows", double(made.rows) / used);
  fmt::print("; peak memory {:.0f} MB\n", double(peakBytes()) / 1e6);
  const bool whole = stored == made.kernels && report.counts.attributed > 0 && report.counts.orphans == 0;
  if (!whole) fmt::print(stderr, "import_speed: {} kernels were made\n", made.kernels);
  return whole ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view kind = argc > 1 ? argv[1] : "";
  const int64_t megabytes = argc > 2 ? std::atoll(argv[2]) : 0;
  if ((kind != "kineto" && kind != "nsys") || megabytes <= 0) {
    fmt::print(stderr, "import_speed kineto|nsys MEGABYTES [FOLDER]\n");
    return 3;
  }
  return run(kind, megabytes * 1'000'000, argc > 3 ? argv[3] : std::filesystem::temp_directory_path());
}

// SPDX-License-Identifier: Apache-2.0
// How long it takes to look for changes in a large history.
//   history_scale [--series N] [--points N] [--check SECONDS]
// makes one, reads it and prints a row; --check exits with 1 above so many seconds of processor time.
#include <fmt/core.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>

#include "analyzer/history/history.h"

namespace ditscope::analyzer {
namespace {

void make(const std::filesystem::path& path, size_t series, int points) {
  db::HistoryFile file(path, db::HistoryFile::Access::Create);
  std::mt19937_64 random(1);
  std::normal_distribution<double> noise(0, 0.01);
  std::vector<std::pair<db::HistorySeries, db::HistoryPoint>> run(series);
  for (int p = 0; p < points; ++p) {
    for (size_t s = 0; s < series; ++s) {
      auto& [key, point] = run[s];
      const std::string name = fmt::format("kernel_{}", s);
      key = {.kernel = name, .description = name + ", grid 64x16x1, block 128x1x1", .device = "GPU-a"};
      const bool slower = s % 10 == 0 && p >= points / 2;  // one in ten
      const double ns = 1e5 * std::exp(noise(random)) * (slower ? 1.05 : 1);
      point = {.samples = 30, .medianNs = ns, .q1Ns = ns * 0.99, .q3Ns = ns * 1.01, .minNs = ns * 0.98};
    }
    file.add({.uuid = std::to_string(p), .startedUtcNs = p}, run);
  }
}

int run(size_t series, int points, double limit) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / fmt::format("history_scale_{}.hist", std::random_device()());
  make(path, series, points);
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t cpuStart = std::clock();
  const History history = readHistory(db::HistoryFile(path, db::HistoryFile::Access::Read));
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double cpu = double(std::clock() - cpuStart) / CLOCKS_PER_SEC;
  size_t changed = 0, right = 0;
  for (const SeriesHistory& one : history.series) {
    changed += one.changes.empty() ? 0 : 1;
    right += one.changes.size() == 1 && (one.series.id - 1) % 10 == 0 ? 1 : 0;
  }
  fmt::print("| {} series x {} points | {:.2f} s wall, {:.2f} s CPU | {} changed, {} of {} that did |\n",
             series, points, wall, cpu, changed, right, (series + 9) / 10);
  std::filesystem::remove(path);
  return limit > 0 && (cpu > limit || right < series / 10 * 95 / 100) ? 1 : 0;
}

}  // namespace
}  // namespace ditscope::analyzer

int main(int argc, char** argv) {
  size_t series = 10'000;
  int points = 100;
  double limit = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--series") series = std::strtoull(argv[i + 1], nullptr, 10);
    if (name == "--points") points = std::atoi(argv[i + 1]);
    if (name == "--check") limit = std::atof(argv[i + 1]);
  }
  return ditscope::analyzer::run(series, points, limit);
}

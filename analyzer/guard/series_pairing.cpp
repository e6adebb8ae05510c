// SPDX-License-Identifier: Apache-2.0
#include "analyzer/guard/series_pairing.h"

#include <fmt/format.h>

#include <functional>

namespace ditscope::analyzer {
namespace {

SeriesOfRuns bySeries(std::span<const RunSeries> runs) {
  SeriesOfRuns all;
  for (const RunSeries& run : runs)
    for (const auto& [key, series] : run.series) all[key].push_back(&series);
  return all;
}

// "registers 128 -> 168, shared memory 0 -> 1024"
std::string differences(const SeriesKey& from, const SeriesKey& to) {
  std::string text;
  const auto add = [&](const char* what, int64_t before, int64_t after) {
    if (before != after) text += fmt::format("{}{} {} -> {}", text.empty() ? "" : ", ", what, before, after);
  };
  add("registers", from.registersPerThread, to.registersPerThread);
  add("static shared bytes", from.staticSharedBytes, to.staticSharedBytes);
  add("dynamic shared bytes", from.dynamicSharedBytes, to.dynamicSharedBytes);
  return text;
}

using Loosen = std::function<void(SeriesKey&)>;

// Moves what is alone on both sides under the loosened key from what is left into the pairs.
void pairAlike(Pairing& pairing, const Loosen& loosen) {
  struct Candidates {
    std::vector<SeriesKey> base, next;
  };
  std::map<SeriesKey, Candidates> alike;
  const auto collect = [&](const SeriesOfRuns& left, std::vector<SeriesKey> Candidates::*side) {
    for (const auto& [key, runs] : left) {
      SeriesKey loose = key;
      loosen(loose);
      (alike[loose].*side).push_back(key);
    }
  };
  collect(pairing.onlyBase, &Candidates::base);
  collect(pairing.onlyNew, &Candidates::next);
  for (const auto& [loose, candidates] : alike) {
    if (candidates.base.size() != 1 || candidates.next.size() != 1) continue;
    const SeriesKey &from = candidates.base[0], &to = candidates.next[0];
    const std::string conflict =
        from.device == to.device ? "" : fmt::format("measured on {} and on {}", from.device, to.device);
    pairing.pairs.push_back({from, differences(from, to), conflict,
                             std::move(pairing.onlyBase.extract(from).mapped()),
                             std::move(pairing.onlyNew.extract(to).mapped())});
  }
}

}  // namespace

Pairing pairSeries(std::span<const RunSeries> base, std::span<const RunSeries> next) {
  Pairing pairing{{}, bySeries(base), bySeries(next)};
  const auto rebuilt = [](SeriesKey& key) {
    key.registersPerThread = 0;
    key.staticSharedBytes = key.dynamicSharedBytes = 0;
  };
  pairAlike(pairing, [](SeriesKey&) {});
  pairAlike(pairing, rebuilt);
  pairAlike(pairing, [&](SeriesKey& key) {
    rebuilt(key);
    key.device.clear();
  });
  return pairing;
}

}  // namespace ditscope::analyzer

// SPDX-License-Identifier: Apache-2.0
// How often the regression verdicts raise a false alarm, and how much they find: the launches of real
// captures are split at random into a base and a new side. Between the sides nothing changed (A/A), or one
// kernel at a time was made 5 % slower.
//   guard_calibration [--rounds N] [--seed S] [--check] KERNELS.tsv...
// prints a table; --check exits with 1 where a target is missed.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <numeric>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "analyzer/guard/hodges_lehmann.h"
#include "analyzer/guard/rank_test.h"
#include "analyzer/guard/verdict.h"

namespace ditscope::analyzer {
namespace {

constexpr double kShift = 1.05;
constexpr double kFloors =
    2.5;  // of its own effect floor; for a kernel from 50 us in single runs the same 5 %
constexpr double kShortNs = 50e3;  // below it 5 % is no more than the effect floor

struct Series {
  std::vector<double> ns;     // in order of time, without the first launch
  bool communicates = false;  // waits for other devices, so that its time is not its own
  [[nodiscard]] bool isLong() const { return !communicates && quantile(ns, 0.5) >= kShortNs; }
};

std::vector<Series> readSeries(const std::string& path) {
  std::ifstream file(path);
  if (!file) fmt::print(stderr, "{}: cannot be read\n", path), std::exit(3);
  std::vector<Series> all;
  for (std::string line; std::getline(file, line);) {
    std::istringstream times(line.substr(line.rfind('\t') + 1));
    Series series;
    for (double ns = 0; times >> ns;) series.ns.push_back(ns);
    if (!series.ns.empty()) series.ns.erase(series.ns.begin());
    series.communicates = line.find("\tnccl") != std::string::npos;
    all.push_back(std::move(series));
  }
  return all;
}

struct Split {
  std::vector<RunSamples> base, next;
};

RunSamples runOf(const Series& series, std::span<const size_t> places, double factor) {
  RunSamples run;
  for (const size_t place : places) run.ns.push_back(series.ns[place] * factor);
  return run;
}

struct Design {
  size_t runs = 1, samples = 16;  // a side
  double betweenRuns = 0;         // standard deviation by which each run is made to differ on top
  bool again = false;             // a launch may be drawn more than once
};

std::vector<size_t> inOrder(size_t count) {
  std::vector<size_t> places(count);
  std::iota(places.begin(), places.end(), size_t{0});
  return places;
}

Split randomSplit(const Series& series, const Design& design, std::mt19937_64& random) {
  std::vector<size_t> places = inOrder(series.ns.size());
  std::shuffle(places.begin(), places.end(), random);
  if (design.again) {
    places.resize(2 * design.runs * design.samples);
    for (size_t& place : places) place = random() % series.ns.size();
  }
  std::normal_distribution<double> offset(0, design.betweenRuns);
  Split split;
  for (size_t run = 0; run < 2 * design.runs; ++run) {
    const auto chosen = std::span(places).subspan(run * design.samples, design.samples);
    const double factor = design.betweenRuns > 0 ? std::exp(offset(random)) : 1;
    (run % 2 == 0 ? split.base : split.next).push_back(runOf(series, chosen, factor));
  }
  return split;
}

Split halves(const Series& series) {  // as they came
  const std::vector<size_t> places = inOrder(series.ns.size());
  const auto all = std::span(places);
  const size_t half = places.size() / 2;
  return {{runOf(series, all.first(half), 1)}, {runOf(series, all.subspan(half), 1)}};
}

Split slowedDown(Split split, double factor) {
  for (RunSamples& run : split.next)
    for (double& ns : run.ns) ns *= factor;
  return split;
}

struct Tally {
  int64_t asked = 0, slower = 0, faster = 0, same = 0;
  void add(const Judgement& judgement) {
    ++asked;
    slower += judgement.verdict == Verdict::Slower ? 1 : 0;
    faster += judgement.verdict == Verdict::Faster ? 1 : 0;
    same += judgement.verdict == Verdict::Same ? 1 : 0;
  }
  [[nodiscard]] double share(int64_t count) const { return asked > 0 ? double(count) / double(asked) : 0; }
};

// What simpler rules say about one split: is the second side slower?
struct Peer {
  const char* name;
  bool (*slower)(const std::vector<double>& base, const std::vector<double>& next);
};
double meanOf(const std::vector<double>& v) {
  return std::accumulate(v.begin(), v.end(), 0.0) / double(v.size());
}
double noiseOf(const std::vector<double>& v) {  // coefficient of variation
  double sum = 0;
  for (const double x : v) sum += (x - meanOf(v)) * (x - meanOf(v));
  return std::sqrt(sum / double(v.size() - 1)) / meanOf(v);
}
const std::vector<Peer> kPeers{
    {"mean more than 2 % higher", [](const auto& a, const auto& b) { return meanOf(b) > 1.02 * meanOf(a); }},
    {"mean change beyond the smaller coefficient of variation",
     [](const auto& a, const auto& b) {
       return meanOf(b) / meanOf(a) - 1 > std::min(noiseOf(a), noiseOf(b));
     }},
    {"Mann-Whitney p < 0.05",
     [](const auto& a, const auto& b) { return mannWhitneyP(a, b) < 0.05 && meanOf(b) > meanOf(a); }},
};

struct Outcome {
  Tally same, shifted, longShifted;  // A/A; 5 % slower: all series, and long kernels
  Tally byFloor;                     // slower by a multiple of the floor
  std::vector<int64_t> peerAlarms = std::vector<int64_t>(kPeers.size()), peerFound = peerAlarms,
                       peerLongFound = peerAlarms;
};

std::vector<double> pooled(const std::vector<RunSamples>& runs) {
  std::vector<double> all;
  for (const RunSamples& run : runs) all.insert(all.end(), run.ns.begin(), run.ns.end());
  return all;
}

using Splitter = std::function<Split(const Series&, std::mt19937_64&)>;

// All series are judged together, as in a real comparison; the slowed one stands among unchanged ones.
void oneRound(const std::vector<Series>& all, size_t least, const Splitter& splitter, const VerdictRule& rule,
              std::mt19937_64& random, Outcome& outcome) {
  std::vector<ShiftEvidence> same, shifted, byFloor;
  std::vector<bool> isLong;
  for (const Series& series : all) {
    if (series.ns.size() < least) continue;
    const Split split = splitter(series, random);
    same.push_back(weigh(split.base, split.next, rule));
    const std::vector<double> a = pooled(split.base);
    isLong.push_back(series.isLong());
    for (size_t i = 0; i < kPeers.size(); ++i)
      outcome.peerAlarms[i] += kPeers[i].slower(a, pooled(split.next));
    const Split slower = slowedDown(split, kShift);
    shifted.push_back(weigh(slower.base, slower.next, rule));
    const Split relevant = slowedDown(split, std::exp(kFloors * same.back().floor));
    byFloor.push_back(weigh(relevant.base, relevant.next, rule));
    for (size_t i = 0; i < kPeers.size(); ++i) {
      const bool found = kPeers[i].slower(a, pooled(slower.next));
      outcome.peerFound[i] += found;
      outcome.peerLongFound[i] += found && isLong.back();
    }
  }
  const std::vector<Judgement> judged = judgeAll(same, rule);
  for (size_t i = 0; i < same.size(); ++i) {
    outcome.same.add(judged[i]);
    const auto amongSame = [&](const ShiftEvidence& changed, Tally& tally) {
      std::vector<ShiftEvidence> one = same;
      one[i] = changed;
      tally.add(judgeAll(one, rule)[i]);
    };
    amongSame(shifted[i], outcome.shifted);
    if (isLong[i]) amongSame(shifted[i], outcome.longShifted);
    amongSame(byFloor[i], outcome.byFloor);
  }
}

void printRow(const std::string& name, std::initializer_list<double> shares) {
  std::string row = "| " + name;
  for (const double share : shares)
    row += std::isnan(share) ? " | " : fmt::format(" | {:.1f} %", 100 * share);
  fmt::print("{} |\n", row);
}

void print(const Outcome& o, bool peers) {
  fmt::print(
      "| rule | A/A called slower | called faster | called same | 5 % found, from 50 us | 5 % found, all | "
      "{} x its floor "
      "found, all |\n|---|--:|--:|--:|--:|--:|--:|\n",
      kFloors);
  const Tally &same = o.same, &all = o.shifted, &isLong = o.longShifted;
  printRow("**verdict**",
           {same.share(same.slower), same.share(same.faster), same.share(same.same),
            isLong.share(isLong.slower), all.share(all.slower), o.byFloor.share(o.byFloor.slower)});
  if (!peers) return;
  const auto share = [](int64_t count, const Tally& tally) { return double(count) / double(tally.asked); };
  for (size_t i = 0; i < kPeers.size(); ++i)
    printRow(kPeers[i].name, {share(o.peerAlarms[i], same), kNaN, kNaN, share(o.peerLongFound[i], isLong),
                              share(o.peerFound[i], all), kNaN});
}

struct Experiment {
  std::string name;
  size_t least = 0;  // launches that a series must have
  Splitter splitter;
  double found = 0;  // target of kernels from 50 us; 0 = none
};

std::vector<Experiment> experiments() {
  const auto random = [](Design design) {
    return [design](const Series& series, std::mt19937_64& generator) {
      return randomSplit(series, design, generator);
    };
  };
  return {{"one run a side, 16 launches each", 32, random({}), 0.85},
          {"three runs a side, 16 launches each (drawn with repetition)", 32,
           random({.runs = 3, .again = true}), 0.95},
          {"the same, every run moved by a normal 0.5 %", 32,
           random({.runs = 3, .betweenRuns = 0.005, .again = true}), 0.95},
          {"first half of a run against its second", 32,
           [](const Series& series, std::mt19937_64&) { return halves(series); }, 0}};
}

int run(const std::vector<std::string>& files, int rounds, uint64_t seed, bool check) {
  std::vector<std::vector<Series>> captures;
  for (const std::string& file : files) captures.push_back(readSeries(file));
  bool missed = false;
  for (const Experiment& experiment : experiments()) {
    Outcome outcome;
    std::mt19937_64 random(seed);
    VerdictRule rule;
    rule.bootstrap.seed = seed;
    size_t series = 0, longSeries = 0;
    for (const auto& capture : captures) {
      for (const Series& one : capture) {
        if (one.ns.size() < experiment.least) continue;
        ++series;
        longSeries += one.isLong() ? 1 : 0;
      }
      for (int round = 0; round < rounds; ++round)
        oneRound(capture, experiment.least, experiment.splitter, rule, random, outcome);
    }
    fmt::print("\n{}: {} series, {} of them from 50 us and no communication, {} splits each\n\n",
               experiment.name, series, longSeries, rounds);
    print(outcome, experiment.found > 0);
    const double found = outcome.longShifted.share(outcome.longShifted.slower);
    missed = missed || (experiment.found > 0 &&
                        (found < experiment.found || outcome.same.share(outcome.same.slower) > 0.01));
  }
  return check && missed ? 1 : 0;
}

}  // namespace
}  // namespace ditscope::analyzer

int main(int argc, char** argv) {
  std::vector<std::string> files;
  int rounds = 20;
  uint64_t seed = 1;
  bool check = false;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--rounds" && i + 1 < argc) {
      rounds = std::atoi(argv[++i]);
    } else if (argument == "--seed" && i + 1 < argc) {
      seed = std::strtoull(argv[++i], nullptr, 10);
    } else if (argument == "--check") {
      check = true;
    } else {
      files.push_back(argument);
    }
  }
  return ditscope::analyzer::run(files, rounds, seed, check);
}

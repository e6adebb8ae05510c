// SPDX-License-Identifier: Apache-2.0
#include "analyzer/guard/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "analyzer/format.h"
#include "analyzer/guard/series_pairing.h"

namespace ditscope::analyzer {
namespace {

std::vector<ComparedRun> factsOf(std::span<const RunSeries> runs) {
  std::vector<ComparedRun> facts;
  for (const RunSeries& run : runs)
    facts.push_back({run.file, run.run, run.devices, run.losses, run.circumstances});
  return facts;
}

// Values of a fact over all runs, unknown ones left out.
std::set<std::string> valuesOf(const Comparison& c, std::string db::Run::*fact) {
  std::set<std::string> values;
  for (const auto* side : {&c.base, &c.next})
    for (const ComparedRun& run : *side)
      if (!(run.run.*fact).empty()) values.insert(run.run.*fact);
  return values;
}

// "driver 535.1 and 550.2", or empty when all runs agree.
std::string disagreement(const Comparison& c, const char* name, std::string db::Run::*fact) {
  const std::set<std::string> values = valuesOf(c, fact);
  if (values.size() < 2) return "";
  return fmt::format("{} {}", name, fmt::join(values, " and "));
}

// The same for a circumstance.
std::string disagreement(const Comparison& c, const char* words, std::string_view name) {
  std::set<std::string> values;
  for (const auto* side : {&c.base, &c.next})
    for (const ComparedRun& run : *side)
      for (const db::Circumstance& fact : run.circumstances)
        if (fact.name == name && !fact.value.empty()) values.insert(fact.value);
  return values.size() < 2 ? "" : fmt::format("{} {}", words, fmt::join(values, " and "));
}

// What no verdict can see past.
std::string conflictOf(const Comparison& c) {
  for (const std::string& text :
       {disagreement(c, "driver", &db::Run::driver), disagreement(c, "CUDA", &db::Run::cuda)})
    if (!text.empty() && !c.rule.acrossDrivers)
      return fmt::format("measured with {}; --across drivers compares them", text);
  for (const std::string& text :
       {disagreement(c, "the clock policies", "clock_policy"), disagreement(c, "a cache that is", "cache")})
    if (!text.empty() && !c.rule.acrossClocks)
      return fmt::format("measured with {}; --across clocks compares them", text);
  return "";
}

void noteUnknownClocks(Comparison& c) {
  const auto known = [](const ComparedSeries& series) { return series.evidence.cycleShift.has_value(); };
  if (!c.series.empty() && std::ranges::none_of(c.series, known))
    c.notes.emplace_back("clocks are not known, so that a lower clock looks like a slower kernel");
}

void addNotes(Comparison& c) {
  using Named = std::pair<const char*, std::string db::Run::*>;
  for (const auto& [name, fact] : {Named("model", &db::Run::model), Named("method", &db::Run::method),
                                   Named("LibTorch", &db::Run::torch), Named("BLAS", &db::Run::blas),
                                   Named("driver", &db::Run::driver), Named("CUDA", &db::Run::cuda)})
    if (const std::string text = disagreement(c, name, fact); !text.empty())
      c.notes.push_back("the runs differ: " + text);
  for (const auto& [words, name] : {std::pair("clock policies", "clock_policy"), std::pair("cache", "cache"),
                                    std::pair("compiler", "compiler"), std::pair("operating system", "os"),
                                    std::pair("processors allowed", "affinity")})
    if (const std::string text = disagreement(c, words, std::string_view(name)); !text.empty())
      c.notes.push_back("the runs differ: " + text);
  for (const auto* side : {&c.base, &c.next})
    for (const ComparedRun& run : *side) {
      for (const db::Circumstance& fact : run.circumstances)
        if (fact.name == "disturbed") c.notes.push_back(fmt::format("{}: {}", run.file, fact.value));
      for (const db::HealthCounter& loss : run.losses)
        c.notes.push_back(fmt::format("{}: {} = {}", run.file, loss.name, loss.value));
      if (!run.run.finalised) c.notes.push_back(run.file + ": not finalised");
    }
}

std::vector<RunSamples> screenAll(const RunsOfSeries& runs, const ScreeningRule& rule) {
  std::vector<RunSamples> samples;
  for (const LaunchSeries* run : runs) samples.push_back(screen(run->launches, run->deviceClockHz, rule));
  return samples;
}

double meanNs(const RunsOfSeries& runs) {
  double sum = 0;
  for (const LaunchSeries* run : runs) sum += run->totalNs;
  return runs.empty() ? 0 : sum / double(runs.size());
}

ComparedSeries weighPair(const SeriesPair& pair, VerdictRule rule) {
  rule.bootstrap.seed ^= hashOf(pair.key);  // of its own, so that no other series changes its interval
  ComparedSeries series{
      .key = pair.key, .note = pair.note, .baseNs = meanNs(pair.base), .newNs = meanNs(pair.next)};
  const std::vector<RunSamples> base = screenAll(pair.base, rule.screening),
                                next = screenAll(pair.next, rule.screening);
  for (const RunSamples& run : base) series.baseRuns.push_back(statisticsOf(run));
  for (const RunSamples& run : next) series.newRuns.push_back(statisticsOf(run));
  series.evidence = weigh(base, next, rule);
  return series;
}

std::vector<Unpaired> largestFirst(const SeriesOfRuns& left) {
  std::vector<Unpaired> unpaired;
  for (const auto& [key, runs] : left) unpaired.push_back({key, meanNs(runs)});
  std::ranges::stable_sort(unpaired, std::greater(), &Unpaired::ns);
  return unpaired;
}

void judgeSeries(Comparison& c, std::span<const SeriesPair> pairs) {
  std::vector<ShiftEvidence> evidence;
  for (const ComparedSeries& series : c.series) evidence.push_back(series.evidence);
  std::vector<Judgement> judgements = judgeAll(evidence, c.rule.verdict);
  const std::string conflict = conflictOf(c);
  for (size_t i = 0; i < c.series.size(); ++i) {
    c.series[i].evidence = evidence[i];
    c.series[i].judgement = std::move(judgements[i]);
    const std::string& own = pairs[i].conflict;
    const std::string why = own.empty() ? conflict : own + "; --across devices compares devices of one model";
    if (!why.empty()) c.series[i].judgement = {.reason = why};
  }
  std::ranges::stable_sort(c.series, [](const ComparedSeries& a, const ComparedSeries& b) {
    if (a.judgement.verdict != b.judgement.verdict) return a.judgement.verdict < b.judgement.verdict;
    return a.baseNs > b.baseNs;
  });
}

void judgeWhole(Comparison& c) {
  double clear = 0, all = 0;
  for (const Unpaired& series : c.onlyBase) all += series.ns;
  for (const ComparedSeries& series : c.series) {
    all += series.baseNs;
    clear += series.judgement.verdict == Verdict::Unclear ? 0 : series.baseNs;
    c.baseCounts.add(series.evidence.baseCounts);
    c.newCounts.add(series.evidence.newCounts);
  }
  c.clearShare = all > 0 ? clear / all : 0;
  c.likely = std::min(c.base.size(), c.next.size()) == 1;
  const int64_t slower = c.count(Verdict::Slower), faster = c.count(Verdict::Faster);
  double cost = 0;
  for (const ComparedSeries& series : c.series)
    if (series.judgement.verdict == Verdict::Slower) cost += series.costNs();
  if (slower > 0) {
    c.verdict = Verdict::Slower;
    c.reason = fmt::format("{} of {} got slower, {} of kernel time a run", slower,
                           plural(int64_t(c.series.size()), "kernel"), formatDuration(cost));
  } else if (c.series.empty()) {
    c.reason = "no kernel is in both";
  } else if (c.clearShare < c.rule.clearShare) {
    c.reason = fmt::format("only {} of the kernel time has a verdict", formatPercent(c.clearShare));
  } else {
    c.verdict = faster > 0 ? Verdict::Faster : Verdict::Same;
    c.reason = fmt::format("no kernel got slower, {} got faster; {} of the kernel time has a verdict", faster,
                           formatPercent(c.clearShare));
  }
}

// Leaves the series whose kernel's name holds one of the texts.
std::vector<RunSeries> onlyKernels(std::span<const RunSeries> runs, std::span<const std::string> kernels) {
  std::vector<RunSeries> kept(runs.begin(), runs.end());
  if (kernels.empty()) return kept;
  for (RunSeries& run : kept)
    std::erase_if(run.series, [&](const auto& entry) {
      return std::ranges::none_of(kernels, [&](const std::string& text) {
        return entry.first.kernel.find(text) != std::string::npos;
      });
    });
  return kept;
}

}  // namespace

double ComparedSeries::costNs() const {
  return baseNs * std::expm1(evidence.shift);
}

int64_t Comparison::count(Verdict wanted) const {
  return std::ranges::count_if(series,
                               [&](const ComparedSeries& s) { return s.judgement.verdict == wanted; });
}

Comparison compare(std::span<const RunSeries> base, std::span<const RunSeries> next, const CompareRule& rule,
                   const Progress& progress) {
  Comparison c;
  c.rule = rule;
  if (rule.acrossDevices) c.rule.verdict.extraFloor += kBetweenDevices;
  c.base = factsOf(base);
  c.next = factsOf(next);
  addNotes(c);
  const std::vector<RunSeries> before = onlyKernels(base, rule.kernels),
                               after = onlyKernels(next, rule.kernels);
  const Pairing pairing = pairSeries(before, after);
  for (const SeriesPair& pair : pairing.pairs) {
    if (progress && !progress(int64_t(c.series.size()), int64_t(pairing.pairs.size()))) throw db::Cancelled();
    c.series.push_back(weighPair(pair, c.rule.verdict));
  }
  judgeSeries(c, pairing.pairs);
  noteUnknownClocks(c);
  c.onlyBase = largestFirst(pairing.onlyBase);
  c.onlyNew = largestFirst(pairing.onlyNew);
  judgeWhole(c);
  return c;
}

}  // namespace ditscope::analyzer

// SPDX-License-Identifier: Apache-2.0
#include "collector/bench/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace ditscope::collector::bench {
namespace {

constexpr double kDisturbedRange = 0.05;  // range of the FMA peak from which figures are not to be trusted
constexpr double kDoesNotApply = std::numeric_limits<double>::quiet_NaN();

const std::vector<double>* secondsOf(const std::string& name, std::span<const Contender> contenders,
                                     std::span<const std::vector<double>> seconds) {
  for (size_t i = 0; i < contenders.size(); ++i)
    if (contenders[i].name == name) return &seconds[i];
  return nullptr;
}

std::string cell(double value, int decimals) {
  return std::isnan(value) ? "-" : fmt::format("{:.{}f}", value, decimals);
}

nlohmann::json number(double value) {
  return std::isnan(value) ? nlohmann::json() : nlohmann::json(value);
}

const char* clockName(const BenchSetup& setup) {
  return setup.threads == 1 ? "processor time of the thread" : "wall clock";
}

std::string stopText(const ShapeReport& report) {
  if (report.stop == Stop::Quiet) return "all times are quiet";
  if (report.stop == Stop::Settled) return "the noise of all times has settled";
  const auto noisiest = std::ranges::max_element(
      report.results, {}, [](const Result& r) { return std::isnan(r.noise) ? 0 : r.noise; });
  return fmt::format("ended by the time-out: {} still varies by {:.1f} %", noisiest->name,
                     100 * noisiest->noise);
}

}  // namespace

bool Result::isPlan() const {
  return name.starts_with("plan");
}

ShapeReport summarise(const Shape& shape, std::span<const Contender> contenders, const Samples& samples) {
  const std::vector<std::vector<double>>& seconds = samples.seconds;
  const int64_t calls = int64_t(samples.rounds()) * int64_t(seconds.size());
  ShapeReport report{.shape = shape,
                     .results = {},
                     .peakRange = relativeRange(seconds[0]),
                     .rounds = samples.rounds(),
                     .stop = samples.stop,
                     .throttledShare = calls > 0 ? double(samples.throttled) / double(calls) : 0};
  for (size_t i = 0; i < contenders.size(); ++i) {
    const Contender& contender = contenders[i];
    Result result{.name = contender.name,
                  .density = contender.density,
                  .seconds = spreadOf(seconds[i]),
                  .noise = samples.noise[i]};
    const bool attends = contender.flops > 0;
    result.flopsPerSecond = attends ? contender.flops / result.seconds.median : kDoesNotApply;
    result.shareOfPeak =
        attends ? contender.flops / contenders[0].flops * medianRatio(seconds[0], seconds[i]) : kDoesNotApply;
    const auto speedUp = [&](const std::string& other) {
      const std::vector<double>* theirs = secondsOf(other, contenders, seconds);
      return theirs != nullptr ? medianRatio(*theirs, seconds[i]) : kDoesNotApply;
    };
    result.overOwn = attends ? speedUp(contender.own) : 1 / speedUp(contender.own);
    result.overLibtorch = speedUp(contender.libtorch);
    result.efficiency = contender.density < 1 && attends ? result.overOwn * contender.density : kDoesNotApply;
    report.results.push_back(std::move(result));
  }
  return report;
}

std::string toText(const BenchSetup& setup) {
  const std::string rounds =
      setup.rounds > 0 ? fmt::format("{} rounds", setup.rounds) : "as many rounds as it takes";
  return fmt::format("{}, {} thread{}, LibTorch {}, BLAS {}, blocks of {}\n{}, times are {}\n",
                     setup.processor, setup.threads, setup.threads == 1 ? "" : "s", setup.torch, setup.blas,
                     setup.block, rounds, clockName(setup));
}

std::string toText(const ShapeReport& report) {
  std::string text = fmt::format(
      "\n{} (batch x heads x tokens x dim)\n{:<28} {:>10} {:>20} {:>9} {:>7} {:>8} {:>10} {:>10}\n",
      toString(report.shape), "", "median ms", "p10 - p90 ms", "GFLOP/s", "of peak", "x dense", "x LibTorch",
      "efficiency");
  for (const Result& r : report.results) {
    const std::string range = fmt::format("{:.3f} - {:.3f}", r.seconds.p10 * 1e3, r.seconds.p90 * 1e3);
    text +=
        fmt::format("{:<28} {:>10.3f} {:>20} {:>9} {:>7} {:>8} {:>10} {:>10}\n", r.name,
                    r.seconds.median * 1e3, range, cell(r.flopsPerSecond * 1e-9, 1), cell(r.shareOfPeak, 3),
                    r.isPlan() ? "-" : cell(r.overOwn, 3), cell(r.overLibtorch, 2), cell(r.efficiency, 3));
  }
  for (const Result& r : report.results)
    if (r.isPlan()) text += fmt::format("{} takes {:.2f} % of its kernel's time\n", r.name, 100 * r.overOwn);
  if (report.stop != Stop::Rounds) text += fmt::format("{} rounds, {}\n", report.rounds, stopText(report));
  if (report.throttledShare > 0)
    text += fmt::format(
        "{:.1f} % of the calls were throttled: the machine gave less than nine tenths of its best\n",
        100 * report.throttledShare);
  if (report.peakRange > kDisturbedRange) {
    text += fmt::format(
        "The FMA peak moved by {:.1f} % between rounds: the machine is disturbed, measure again when it is "
        "idle\n",
        100 * report.peakRange);
  }
  return text;
}

nlohmann::json toJson(const BenchSetup& setup, std::span<const ShapeReport> reports) {
  nlohmann::json shapes = nlohmann::json::array();
  for (const ShapeReport& report : reports) {
    nlohmann::json contenders = nlohmann::json::array();
    for (const Result& r : report.results) {
      nlohmann::json row = {
          {"name", r.name},           {"density", r.density},          {"median_ms", r.seconds.median * 1e3},
          {"noise", number(r.noise)}, {"p10_ms", r.seconds.p10 * 1e3}, {"p90_ms", r.seconds.p90 * 1e3}};
      if (r.isPlan()) {
        row["share_of_kernel"] = r.overOwn;
      } else {
        row["gflops"] = r.flopsPerSecond * 1e-9;
        row["share_of_peak"] = r.shareOfPeak;
        row["speedup_over_dense"] = number(r.overOwn);
        row["speedup_over_libtorch"] = number(r.overLibtorch);
        row["efficiency"] = number(r.efficiency);
      }
      contenders.push_back(std::move(row));
    }
    shapes.push_back({{"batch", report.shape.batch},
                      {"heads", report.shape.heads},
                      {"tokens", report.shape.tokens},
                      {"dim", report.shape.dim},
                      {"rounds", report.rounds},
                      {"stop", nameOf(report.stop)},
                      {"throttled_share", report.throttledShare},
                      {"peak_range", report.peakRange},
                      {"disturbed", report.peakRange > kDisturbedRange},
                      {"contenders", std::move(contenders)}});
  }
  return {{"schema", "ditscope.bench/1"}, {"processor", setup.processor}, {"torch", setup.torch},
          {"blas", setup.blas},           {"threads", setup.threads},     {"rounds", setup.rounds},
          {"block", setup.block},         {"clock", clockName(setup)},    {"shapes", std::move(shapes)}};
}

}  // namespace ditscope::collector::bench

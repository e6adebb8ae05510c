// SPDX-License-Identifier: Apache-2.0
#include "collector/compare/comparison.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "collector/compare/label_agreement.h"
#include "collector/compare/sample_metrics.h"
#include "collector/environment.h"
#include "collector/interrupt.h"
#include "collector/output_file.h"
#include "db/error.h"

namespace ditscope::collector::compare {
namespace {

namespace fs = std::filesystem;

double seconds(int64_t ns) {
  return double(ns) * 1e-9;
}

double loadPerCore() {
  double load = kNotKnown;
  if (getloadavg(&load, 1) != 1) return kNotKnown;
  return load / std::max(1U, std::thread::hardware_concurrency());
}

void removeTrace(const fs::path& trace) {
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) fs::remove(trace.string() + suffix, ignored);
}

std::string fileName(const std::string& method, double target, const Sample& sample) {
  std::string name = fmt::format("{}_{:.4g}_seed{}_label{}.db", method, target, sample.seed, sample.label);
  std::ranges::replace_if(
      name, [](char c) { return c == '/' || c == ':' || c == ',' || c == '='; }, '-');
  return name;
}

}  // namespace

nlohmann::json setupOf(const ComparisonOptions& options) {
  const CollectOptions& sampling = options.sampling;
  nlohmann::json setup = {{"model", sampling.model},           {"steps", sampling.steps},
                          {"dense_steps", options.denseSteps}, {"block", sampling.block},
                          {"sampler", sampling.sampler},       {"every_step", sampling.record.everyStep},
                          {"tolerance", options.tolerance},    {"classifier", !options.classifier.empty()}};
  if (sampling.guidance) setup["guidance"] = *sampling.guidance;
  if (sampling.latentSize) setup["size"] = *sampling.latentSize;
  return setup;
}

int denseStepsUntil(const Session& session, int steps, double until) {
  const auto sampler = session.newSampler(steps);
  return int(std::ranges::count_if(sampler->timesteps(),
                                   [until](double timestep) { return timestep / kTrainTimesteps > until; }));
}

Comparison::Comparison(const ComparisonOptions& options, const Session& session, Results& results,
                       ProgressLine& progress)
    : m_options(options), m_session(session), m_results(results), m_progress(progress) {
  for (const std::string& text : options.variants) {
    m_variants.push_back(parseVariant(text, options.denseSteps));
  }
  if (!options.classifier.empty()) m_classifier = readClassifier(options.classifier);
}

bool Comparison::run() {
  m_start = std::chrono::steady_clock::now();
  for (const Variant& variant : m_variants) {
    m_total += int(m_options.samples.size() * targetsOf(variant).size());
  }
  try {
    for (const Sample& sample : m_options.samples) runSample(sample);
  } catch (const Interrupted&) {
    write();
    return false;
  }
  write();
  return true;
}

std::vector<double> Comparison::targetsOf(const Variant& variant) const {
  return variant.knob ? m_options.densities : std::vector{kAsGiven};
}

void Comparison::runSample(const Sample& sample) {
  for (const Variant& variant : m_variants) {
    for (const double density : targetsOf(variant)) {
      Cell& cell = m_results.cell(variant.text, density);
      if (cell.refused.empty() && !cell.has(sample)) {
        runCell(variant, cell, sample);
        write();
        ++m_done;
      } else {
        --m_total;
      }
    }
  }
}

void Comparison::runCell(const Variant& variant, Cell& cell, const Sample& sample) {
  const auto twin = std::ranges::find_if(m_results.cells, [&](const Cell& other) {
    return !cell.method.empty() && other.method == cell.method && other.has(sample);
  });
  if (twin != m_results.cells.end()) {  // another target that the method cannot reach either
    cell.add(*std::ranges::find_if(twin->runs, [&sample](const RunMetrics& run) {
      return run.seed == sample.seed && run.label == sample.label;
    }));
    return;
  }
  show(fmt::format("{} at {}", variant.text, densityText(cell.target)), sample);
  (void)dense(sample);
  try {
    if (!variant.knob) cell.method = variant.methodText(0);
    if (cell.method.empty()) {
      searchKnob(variant, cell, sample);
    } else {
      cell.add(measure(cell.method, sample, cell));
    }
  } catch (const std::exception& error) {
    if (m_session.stopped()) throw Interrupted{};
    cell.refused = error.what();
  }
}

void Comparison::searchKnob(const Variant& variant, Cell& cell, const Sample& sample) {
  std::vector<Measured>& measured = m_measured[variant.text];
  KnobSearch search(*variant.knob, variant.integerKnob);
  for (const Cell& other : m_results.cells) {  // of an earlier session too
    const auto known = [&](const Measured& m) { return m.knob == other.knob; };
    if (other.variant != variant.text || other.runs.empty() || std::ranges::any_of(measured, known)) continue;
    const auto run = std::ranges::find_if(
        other.runs, [&](const RunMetrics& r) { return r.seed == sample.seed && r.label == sample.label; });
    if (run != other.runs.end()) measured.push_back({other.knob, *run});
  }
  for (const Measured& point : measured) search.add(point.knob, point.metrics.densityPv);
  for (int tries = 0; tries < m_options.tries; ++tries) {
    const std::optional<double> value = search.next(cell.target, m_options.tolerance, tries);
    if (!value) break;
    measured.push_back({*value, measure(variant.methodText(*value), sample, cell)});
    search.add(*value, measured.back().metrics.densityPv);
  }
  const KnobChoice choice = search.choose(cell.target, m_options.tolerance);
  cell.knob = choice.value;
  cell.reach = choice.reach;
  cell.method = variant.methodText(choice.value);
  cell.add(std::ranges::find(measured, choice.value, &Measured::knob)->metrics);
}

const Comparison::Dense& Comparison::dense(const Sample& sample) {
  if (m_dense && m_dense->first.seed == sample.seed && m_dense->first.label == sample.label) {
    return m_dense->second;
  }
  const fs::path trace = m_options.out / "scratch.db";
  Generated made = generate("dense", sample, trace);
  removeTrace(trace);
  RunMetrics& metrics = made.metrics;
  metrics.error = 0;
  metrics.recall = metrics.recallP05 = 1;
  metrics.attentionTimes = metrics.totalTimes = 1;
  if (!m_classifier.empty()) {
    const LabelAgreement labels = labelAgreement(m_classifier, made.latents, made.latents, sample.label);
    metrics.labelAsDense = labels.withDense;
    metrics.labelAsAsked = labels.withAsked;
  }
  m_results.dense.add(metrics);
  return m_dense.emplace(sample, Dense{made.latents, metrics}).second;
}

RunMetrics Comparison::measure(const std::string& method, const Sample& sample, const Cell& cell) {
  const Dense& reference = dense(sample);
  const bool keeps = !m_options.keep.empty();
  const fs::path trace =
      keeps ? m_options.keep / fileName(cell.variant, cell.target, sample) : m_options.out / "scratch.db";
  Generated made = generate(method, sample, trace);
  if (!keeps) removeTrace(trace);
  RunMetrics& metrics = made.metrics;
  const SampleQuality quality = sampleQuality(made.latents, reference.latents);
  metrics.psnr = quality.psnr;
  metrics.ssim = quality.ssim;
  metrics.attentionTimes =
      (metrics.attentionSeconds + metrics.searchSeconds) / reference.metrics.attentionSeconds;
  metrics.totalTimes = metrics.totalSeconds / reference.metrics.totalSeconds;
  if (!m_classifier.empty()) {
    const LabelAgreement labels = labelAgreement(m_classifier, made.latents, reference.latents, sample.label);
    metrics.labelAsDense = labels.withDense;
    metrics.labelAsAsked = labels.withAsked;
  }
  return metrics;
}

Comparison::Generated Comparison::generate(const std::string& method, const Sample& sample,
                                           const fs::path& trace) {
  CollectOptions sampling = m_options.sampling;
  sampling.seed = sample.seed;
  sampling.label = sample.label;
  db::Run run = m_session.describe();
  run.method = method;
  run.seed = sample.seed;
  run.label = sample.label;
  db::TraceWriter writer(trace, run, {.overwrite = true});
  for (const db::Layer& layer : m_session.layers()) writer.addLayer(layer);
  const int64_t device = writer.addDevice(cpuDevice());
  const RunClock clock;
  Recorder recorder(writer, sampling.record, clock, device, run.nLayers);
  const Generation generation =
      m_session.generate(parseMethod(method), m_session.request(sampling), clock, &recorder,
                         [&writer](const db::Step& step, const at::Tensor&) { writer.push(step); });
  run.durationNs = clock.now();
  writer.finalise(run);
  if (!generation.latents.defined()) throw Interrupted{};
  Generated made{generation.latents, metricsOfTrace(trace)};
  made.metrics.seed = sample.seed;
  made.metrics.label = sample.label;
  made.metrics.attentionSeconds = seconds(generation.attention.kernelNs);
  made.metrics.searchSeconds = seconds(generation.attention.searchNs);
  made.metrics.totalSeconds = seconds(run.durationNs - generation.attention.recordNs);
  made.metrics.load = loadPerCore();
  return made;
}

void Comparison::show(const std::string& what, const Sample& sample) {
  std::string end;
  if (m_done > 0) {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - m_start;
    const double each = elapsed.count() / m_done;
    end = fmt::format(", {:.1f} s each, ends in {:.0f} min", each, each * (m_total - m_done) / 60);
  }
  m_progress.show(
      fmt::format("{}, seed {}, label {}: {}/{}{}", what, sample.seed, sample.label, m_done, m_total, end));
}

void Comparison::write() {
  writeTextFile(m_options.out / "results.json", toJson(m_results).dump(1));
}

}  // namespace ditscope::collector::compare

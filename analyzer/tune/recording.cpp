// SPDX-License-Identifier: Apache-2.0
#include "analyzer/tune/recording.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "analyzer/format.h"
#include "analyzer/statistics.h"
#include "db/error.h"

namespace ditscope::analyzer {
namespace {

HeadKey keyOf(const db::HeadRow& row) {
  return {row.layer, row.head, row.branch};
}

std::map<int64_t, db::AttnCall> selfCalls(const db::TraceReader& reader) {
  std::map<int64_t, db::AttnCall> calls;
  for (const db::AttnCall& call : reader.calls())
    if (call.kind != db::AttnKind::Cross) calls[call.id] = call;
  return calls;
}

}  // namespace

DenseRecording::DenseRecording(const std::string& file, const db::OpenOptions& options)
    : m_file(file), m_reader(file, options), m_run(m_reader.run()) {
  const std::string remedy = "record it with ditscope collect --method dense --record mass";
  if (m_run.record == db::RecordLevel::Stats) db::refuseInput(file, "it has no block masses", remedy);
  const std::map<int64_t, db::AttnCall> calls = selfCalls(m_reader);
  const auto steps = size_t(m_run.nSteps);
  for (const db::HeadRow& row : m_reader.heads()) {
    const auto call = calls.find(row.callId);
    if (call == calls.end()) continue;
    if (row.stats.densityQk < 1)
      db::refuseInput(file, fmt::format("it is not dense: its method is {}", plainText(m_run.method)),
                      remedy);
    if (call->second.order != db::TokenOrder::FrameMajor || call->second.blockQ != call->second.blockK ||
        call->second.blockQ <= 0 || call->second.qLen != call->second.kvLen)
      db::refuseInput(file, "its masses are of permuted tokens, unequal blocks or unequal queries and keys",
                      remedy);
    if (row.step < 0 || size_t(row.step) >= steps)
      db::refuseInput(file, "it has more steps than it says", remedy);
    Place& place = m_places[keyOf(row)];
    place.calls.resize(steps, 0);
    place.times.resize(steps, kNaN);
    place.calls[size_t(row.step)] = row.callId;
    if (row.stats.timeMethod != db::TimeMethod::None && row.stats.timeNs > 0)
      place.times[size_t(row.step)] = double(row.stats.timeNs);
  }
  if (m_places.empty()) db::refuseInput(file, "it has no attention statistics", remedy);
  for (const auto& [key, place] : m_places) {
    if (std::ranges::count(place.calls, 0) > 0)
      db::refuseInput(
          file, fmt::format("it lacks steps of layer {}: it was stopped early or thinned out", key.layer),
          "record every step of every layer");
    m_heads.push_back(key);
  }
  for (const db::Layer& layer : m_reader.layers()) m_headDim = std::max(m_headDim, layer.headDim);
}

HeadMasses DenseRecording::masses(const HeadKey& key) const {
  HeadMasses all{.rows = 0,
                 .cols = 0,
                 .block = m_run.blockQ,
                 .tokens = m_run.seqLen,
                 .grid = m_run.grid,
                 .text = m_run.text,
                 .steps = {}};
  for (const int64_t call : m_places.at(key).calls) {
    std::optional<db::BlockMass> mass = m_reader.mass(call, key.head);
    if (!mass || mass->rows == 0)
      db::refuseInput(m_file, fmt::format("it has no block masses of layer {} in every step", key.layer),
                      "record it with --record mass and without --every-step");
    if (all.steps.empty()) {
      all.rows = mass->rows;
      all.cols = mass->cols;
    }
    const int64_t blocks = all.block > 0 ? (all.tokens + all.block - 1) / all.block : 0;
    if (mass->rows != all.rows || mass->cols != all.cols || all.rows != blocks || all.cols != blocks)
      db::refuseInput(m_file, fmt::format("the masses of layer {} are not those of its tokens", key.layer),
                      "record it again");
    all.steps.push_back(std::move(mass->mass));
  }
  return all;
}

std::vector<std::vector<float>> DenseRecording::lseBlocks(const HeadKey& key) const {
  std::vector<std::vector<float>> all;
  for (const int64_t call : m_places.at(key).calls)
    all.push_back(m_reader.lseBlocks(call, key.head).value_or(std::vector<float>()));
  return all;
}

double DenseRecording::timeNs(const HeadKey& key, int32_t firstStep) const {
  Summary summary;
  const std::vector<double>& times = m_places.at(key).times;
  for (size_t step = size_t(std::max(firstStep, 0)); step < times.size(); ++step) summary.add(times[step]);
  return summary.mean();
}

void checkAlike(const std::string& fileA, const db::Run& a, const std::string& fileB, const db::Run& b) {
  const auto check = [&](const char* name, const auto& ofA, const auto& ofB) {
    if (ofA == ofB) return;
    db::refuseInput(fileB, fmt::format("its {} is {}, that of {} is {}", name, ofB, fileA, ofA),
                    "give recordings of one model, size, number of steps and block");
  };
  check("model", plainText(a.model), plainText(b.model));
  check("number of layers", a.nLayers, b.nLayers);
  check("number of heads", a.nHeads, b.nHeads);
  check("number of tokens", a.seqLen, b.seqLen);
  check("number of steps", a.nSteps, b.nSteps);
  check("scheduler", plainText(a.scheduler), plainText(b.scheduler));
  check("width of query blocks", a.blockQ, b.blockQ);
  check("width of key blocks", a.blockK, b.blockK);
}

db::MethodChoice parseChoice(const std::string& text) {
  db::MethodChoice choice;
  const size_t colon = std::min(text.find(':'), text.size());
  choice.method = text.substr(0, colon);
  for (size_t at = colon + 1; at < text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    const std::string item = text.substr(at, comma - at);
    const size_t equals = item.find('=');
    if (equals == std::string::npos || equals == 0)
      db::refuseInput(plainText(text), "it is no method with parameters",
                      "write it as name:key=value,key=value");
    const std::string value = item.substr(equals + 1);
    db::ParameterValue& parameter = choice.parameters[item.substr(0, equals)];
    double number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (value == "on" || value == "off")
      parameter = value == "on";
    else if (error == std::errc() && end == value.data() + value.size() && std::isfinite(number))
      parameter = number;
    else
      parameter = value;
    at = comma + 1;
  }
  return choice;
}

Probe readProbe(const std::string& file, int32_t firstStep, const db::OpenOptions& options) {
  const db::TraceReader reader(file, options);
  Probe probe{.file = file, .run = reader.run(), .choice = {}, .heads = {}, .searchNs = kNaN};
  if (probe.run.method.empty() || probe.run.method.starts_with("config:"))
    db::refuseInput(file, "it was not made with one setting for all heads",
                    "record it with ditscope collect --method NAME:key=value --record mass");
  probe.choice = parseChoice(probe.run.method);
  const std::map<int64_t, db::AttnCall> calls = selfCalls(reader);
  struct Sums {
    Summary qk, pv, recall, p05, error, kernelNs, searchNs, searches, whole;
  };
  std::map<HeadKey, Sums> sums;
  Summary search;
  for (const db::HeadRow& row : reader.heads()) {
    const auto call = calls.find(row.callId);
    if (call == calls.end() || row.step < firstStep) continue;
    Sums& s = sums[keyOf(row)];
    const double perHead = double(call->second.searchNs) / std::max(1, probe.run.nHeads);
    const bool searches = call->second.plan == "search";
    if (searches) search.add(perHead);
    s.qk.add(double(row.stats.densityQk));
    s.pv.add(double(row.stats.densityPv));
    // Calls that keep every block are known without measuring; of the others some may not have been measured.
    const bool whole = row.stats.densityQk >= 1 && !(row.stats.densityPv < 1);
    s.whole.add(whole ? 1 : 0);
    if (!whole) s.recall.add(double(row.stats.recallMean));
    if (!whole) s.p05.add(double(row.stats.recallP05));
    if (!whole) s.error.add(double(row.stats.errorL1));
    s.searches.add(searches ? 1 : 0);
    s.searchNs.add(perHead);
    s.kernelNs.add(row.stats.timeMethod == db::TimeMethod::None ? kNaN : double(row.stats.timeNs));
  }
  for (const auto& [key, s] : sums) {
    const double sparse = 1 - s.whole.mean();
    if (s.recall.count == 0 && sparse > 0)
      db::refuseInput(file, fmt::format("layer {} head {} has no recall", key.layer, key.head),
                      "record it with --record mass");
    Candidate c{.choice = probe.choice};
    c.densityQk = s.qk.mean();
    c.densityPv = s.pv.count > 0 ? s.pv.mean() : c.densityQk;
    if (sparse > 0) {
      c.recall = 1 - sparse * (1 - s.recall.mean());
      c.recallP05 = s.p05.mean();
      c.error = sparse * s.error.mean();
    }
    c.searchShare = s.searches.mean();
    c.searchNs = s.searchNs.mean();
    c.timeNs = c.timeLoNs = c.timeHiNs = s.kernelNs.mean() + c.searchNs;
    c.evidence = Evidence::Probe;
    probe.heads[key] = std::move(c);
  }
  if (search.count > 0) probe.searchNs = search.mean();
  return probe;
}

}  // namespace ditscope::analyzer

// SPDX-License-Identifier: Apache-2.0
#include "collector/skip_calibration.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "collector/json_file.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

constexpr const char* kSchema = "ditscope.skip_calibration/1";
constexpr size_t kLeastPoints = 10;
constexpr size_t kLeastInRange = 3;

const std::array<float, kTrialLambdas.size()>& trialThresholds() {
  static const auto thresholds = [] {
    std::array<float, kTrialLambdas.size()> values{};
    std::ranges::transform(kTrialLambdas, values.begin(), lnLambda);
    return values;
  }();
  return thresholds;
}

nlohmann::json curveToJson(const SkipCurve& curve) {
  return {{"log_a", curve.lnA},
          {"b", curve.b},
          {"r2", curve.r2},
          {"min_sparsity", curve.minSparsity},
          {"max_sparsity", curve.maxSparsity},
          {"points", curve.points}};
}

SkipCurve curveFromJson(const nlohmann::json& json) {
  return {json.at("log_a").get<double>(),        json.at("b").get<double>(),
          json.at("r2").get<double>(),           json.at("min_sparsity").get<double>(),
          json.at("max_sparsity").get<double>(), json.at("points").get<int>()};
}

}  // namespace

float lnLambda(double lambda) {
  return float(std::log(std::min(lambda, 1.0)));
}

void SkipCounts::add(std::span<const float> gaps) {
  const auto& thresholds = trialThresholds();
  for (const float gap : gaps) {
    if (std::isnan(gap)) continue;
    ++m_reaching[size_t(std::upper_bound(thresholds.begin(), thresholds.end(), gap) - thresholds.begin())];
    ++m_blocks;
  }
}

void SkipCounts::add(const SkipCounts& other) {
  for (size_t i = 0; i < m_reaching.size(); ++i) m_reaching[i] += other.m_reaching[i];
  m_blocks += other.m_blocks;
}

double SkipCounts::share(size_t trial) const {
  int64_t skipped = 0;
  for (size_t i = 0; i <= trial; ++i) skipped += m_reaching[i];
  return m_blocks == 0 ? 0 : double(skipped) / double(m_blocks);
}

std::vector<SkipPoint> skipPoints(const SkipCounts& counts, int64_t keys) {
  std::vector<SkipPoint> points;
  for (size_t trial = 0; trial < kTrialLambdas.size(); ++trial) {
    points.push_back({kTrialLambdas[trial] * double(keys), counts.share(trial)});
  }
  return points;
}

double SkipCurve::scaleFactor(double sparsity) const {
  return std::exp(lnA + b * sparsity);
}

std::optional<SkipCurve> fitSkipCurve(std::span<const SkipPoint> points) {
  std::vector<SkipPoint> valid;
  std::ranges::copy_if(points, std::back_inserter(valid),
                       [](const SkipPoint& p) { return p.sparsity >= 0.10 && p.sparsity <= 0.90; });
  if (points.size() < kLeastPoints || valid.size() < kLeastInRange) return std::nullopt;
  const auto count = double(valid.size());
  double meanX = 0, meanY = 0;
  for (const SkipPoint& p : valid) {
    meanX += p.sparsity / count;
    meanY += std::log(p.scaleFactor) / count;
  }
  double xx = 0, xy = 0, yy = 0;
  for (const SkipPoint& p : valid) {
    const double x = p.sparsity - meanX, y = std::log(p.scaleFactor) - meanY;
    xx += x * x;
    xy += x * y;
    yy += y * y;
  }
  if (!(xx > 0)) return std::nullopt;
  const auto [low, high] = std::ranges::minmax_element(valid, {}, &SkipPoint::sparsity);
  const double b = xy / xx;
  return SkipCurve{.lnA = meanY - b * meanX,
                   .b = b,
                   .r2 = yy > 0 ? b * xy / yy : 1,
                   .minSparsity = low->sparsity,
                   .maxSparsity = high->sparsity,
                   .points = int(valid.size())};
}

nlohmann::json toJson(const SkipCalibration& calibration) {
  nlohmann::json heads = nlohmann::json::array();
  for (const auto& [place, curve] : calibration.heads) {
    nlohmann::json head = curveToJson(curve);
    head["layer"] = place.first;
    head["head"] = place.second;
    heads.push_back(head);
  }
  return {{"schema", kSchema},
          {"formula", "scale_factor = exp(log_a + b * sparsity); lambda = scale_factor / keys"},
          {"global", curveToJson(calibration.global)},
          {"heads", heads}};
}

SkipCalibration readSkipCalibration(const std::filesystem::path& file) {
  try {
    const nlohmann::json json = readJsonObject(file);
    if (json.at("schema") != kSchema) throw std::invalid_argument("another schema");
    SkipCalibration calibration{curveFromJson(json.at("global")), {}};
    for (const nlohmann::json& head : json.at("heads")) {
      calibration.heads[{head.at("layer").get<int>(), head.at("head").get<int>()}] = curveFromJson(head);
    }
    return calibration;
  } catch (const db::Error&) {
    throw;
  } catch (const std::exception&) {
    throw db::Error(db::Error::Kind::BadInput, file.string(), "it is no calibration of in-loop skips",
                    "make one with ditscope-collect calibrate");
  }
}

}  // namespace ditscope::collector

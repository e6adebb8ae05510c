// SPDX-License-Identifier: Apache-2.0
#include "analyzer/quantity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "analyzer/format.h"
#include "analyzer/statistics.h"

namespace ditscope::analyzer {
namespace {

constexpr auto kMean = Reduce::Mean;
constexpr auto kSequential = ColourScale::Sequential;

constexpr std::array<QuantityInfo, kQuantityCount> kQuantities{{
    {Quantity::DensityQk, "density_qk", "density", "blocks whose scores were computed / valid blocks",
     Unit::Fraction, 0, 1, kSequential, Worse::Neither, kMean},
    {Quantity::DensityPv, "density_pv", "density PV",
     "blocks whose softmax and PV were computed / valid blocks", Unit::Fraction, 0, 1, kSequential,
     Worse::Neither, kMean},
    {Quantity::Recall, "recall", "recall", "true softmax mass inside the kept blocks, mean over query rows",
     Unit::Fraction, 0, 1, kSequential, Worse::Lower, kMean},
    {Quantity::RecallP05, "recall_p05", "recall p05", "recall that 95 % of the query rows reach",
     Unit::Fraction, 0, 1, kSequential, Worse::Lower, kMean},
    {Quantity::RecallP01, "recall_p01", "recall p01", "recall that 99 % of the query rows reach",
     Unit::Fraction, 0, 1, kSequential, Worse::Lower, kMean},
    {Quantity::MissedMass, "missed_mass", "missed mass", "1 - recall, mean over query rows", Unit::Fraction,
     0, kNaN, kSequential, Worse::Higher, kMean},
    {Quantity::RowEntropy, "row_entropy", "row entropy",
     "entropy of a row's block masses, mean over query rows", Unit::Nats, 0, kNaN, kSequential,
     Worse::Neither, kMean},
    {Quantity::MaskDrift, "mask_drift", "mask drift",
     "1 - Jaccard of the kept blocks of this step and the one before", Unit::Fraction, 0, 1, kSequential,
     Worse::Higher, kMean},
    {Quantity::LseMean, "lse_mean", "LSE mean", "log-sum-exp of the scores, mean over query rows", Unit::Nats,
     kNaN, kNaN, kSequential, Worse::Neither, kMean},
    {Quantity::LseStd, "lse_std", "LSE deviation", "standard deviation of the LSE over query rows",
     Unit::Nats, 0, kNaN, kSequential, Worse::Neither, kMean},
    {Quantity::LseDrift, "lse_drift", "LSE drift",
     "|change of the LSE| since the step before, mean over query rows", Unit::Nats, 0, kNaN, kSequential,
     Worse::Higher, kMean},
    {Quantity::LseDriftP50, "lse_drift_p50", "LSE drift p50", "median over query rows of |change of the LSE|",
     Unit::Nats, 0, kNaN, kSequential, Worse::Higher, kMean},
    {Quantity::LseDriftP90, "lse_drift_p90", "LSE drift p90",
     "90th percentile over query rows of |change of the LSE|", Unit::Nats, 0, kNaN, kSequential,
     Worse::Higher, kMean},
    {Quantity::LseDriftSigned, "lse_drift_signed", "LSE change",
     "signed change of the LSE, mean over query rows", Unit::Nats, kNaN, kNaN, ColourScale::Diverging,
     Worse::Neither, kMean},
    {Quantity::LseEmptyRows, "lse_empty_rows", "empty rows", "query rows that attend to nothing", Unit::Rows,
     0, kNaN, kSequential, Worse::Higher, Reduce::Sum},
    {Quantity::ErrorL1, "error_l1", "error",
     "relative L1 of the output against dense attention on the same inputs", Unit::Fraction, 0, kNaN,
     kSequential, Worse::Higher, kMean},
    {Quantity::Budget, "budget", "budget", "share of the key blocks that the method meant to keep",
     Unit::Fraction, 0, 1, kSequential, Worse::Neither, kMean},
    {Quantity::Time, "time", "time", "time of the head inside the attention kernel", Unit::Nanoseconds, 0,
     kNaN, kSequential, Worse::Higher, Reduce::Sum},
}};

constexpr bool inEnumOrder() {
  for (size_t i = 0; i < kQuantities.size(); ++i)
    if (kQuantities[i].quantity != static_cast<Quantity>(i)) return false;
  return true;
}
static_assert(inEnumOrder());

// A trace has no mark of its own for "rows not counted": the LSE statistics come together or not at all.
double emptyRows(const db::HeadStats& s) {
  return s.lseEmptyRows == 0 && std::isnan(s.lseMean) ? kNaN : static_cast<double>(s.lseEmptyRows);
}

}  // namespace

std::span<const QuantityInfo> quantities() {
  return kQuantities;
}

const QuantityInfo& info(Quantity quantity) {
  return kQuantities[static_cast<size_t>(quantity)];
}

std::optional<Quantity> quantityByKey(std::string_view key) {
  const auto found = std::ranges::find(kQuantities, key, &QuantityInfo::key);
  if (found == kQuantities.end()) return std::nullopt;
  return found->quantity;
}

double valueOf(const db::HeadRow& row, Quantity quantity) {
  const db::HeadStats& s = row.stats;
  switch (quantity) {
    case Quantity::DensityQk:
      return s.densityQk;
    case Quantity::DensityPv:
      return s.densityPv;
    case Quantity::Recall:
      return s.recallMean;
    case Quantity::RecallP05:
      return s.recallP05;
    case Quantity::RecallP01:
      return s.recallP01;
    case Quantity::MissedMass:
      return 1.0 - s.recallMean;
    case Quantity::RowEntropy:
      return s.rowEntropy;
    case Quantity::MaskDrift:
      return s.maskDrift;
    case Quantity::LseMean:
      return s.lseMean;
    case Quantity::LseStd:
      return s.lseStd;
    case Quantity::LseDrift:
      return s.lseDriftMean;
    case Quantity::LseDriftP50:
      return s.lseDriftP50;
    case Quantity::LseDriftP90:
      return s.lseDriftP90;
    case Quantity::LseDriftSigned:
      return s.lseDriftSigned;
    case Quantity::LseEmptyRows:
      return emptyRows(s);
    case Quantity::ErrorL1:
      return s.errorL1;
    case Quantity::Budget:
      return row.decision.budget;
    case Quantity::Time:
      return s.timeMethod == db::TimeMethod::None ? kNaN : static_cast<double>(s.timeNs);
  }
  return kNaN;
}

std::string formatCell(Quantity quantity, double value) {
  if (std::isnan(value)) return std::string(kNoValue);
  const QuantityInfo& q = info(quantity);
  switch (q.unit) {
    case Unit::Fraction:
      return formatPercent(value, 2);
    case Unit::Nats:
      return q.scale == ColourScale::Diverging ? fmt::format("{:+.4f}", value) : fmt::format("{:.4f}", value);
    case Unit::Rows:
      return formatCount(std::llround(value));
    case Unit::Nanoseconds:
      return formatDuration(value);
  }
  return {};
}

std::string formatQuantity(Quantity quantity, double value) {
  std::string text = formatCell(quantity, value);
  if (std::isnan(value)) return text;
  const Unit unit = info(quantity).unit;
  if (unit == Unit::Nats) text += " nats";
  if (unit == Unit::Rows) text += " rows";
  return text;
}

std::string columnTitle(Quantity quantity) {
  const QuantityInfo& q = info(quantity);
  return q.unit == Unit::Nats ? fmt::format("{} [nats]", q.label) : std::string(q.label);
}

std::string_view unitName(Unit unit) {
  static constexpr std::array<std::string_view, 4> kNames{"fraction", "nats", "rows", "ns"};
  return kNames[static_cast<size_t>(unit)];
}

}  // namespace ditscope::analyzer

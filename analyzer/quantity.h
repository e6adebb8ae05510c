// SPDX-License-Identifier: Apache-2.0
// The quantities DiTScope knows about one head in one attention call: the words, units, colour scale and
// formatting that the command line and the window share. NaN means "not measured" everywhere.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "db/model.h"

namespace ditscope::analyzer {

enum class Quantity : uint8_t {
  DensityQk,
  DensityPv,
  Recall,
  RecallP05,
  RecallP01,
  MissedMass,
  RowEntropy,
  MaskDrift,
  LseMean,
  LseStd,
  LseDrift,
  LseDriftP50,
  LseDriftP90,
  LseDriftSigned,
  LseEmptyRows,
  ErrorL1,
  Budget,
  Time,
};
inline constexpr size_t kQuantityCount = static_cast<size_t>(Quantity::Time) + 1;

enum class Unit : uint8_t { Fraction, Nats, Rows, Nanoseconds };
enum class ColourScale : uint8_t { Sequential, Diverging };  // diverging: centred at 0
enum class Worse : uint8_t { Higher, Lower, Neither };       // which end a user looks for
enum class Reduce : uint8_t { Mean, Sum };                   // how several cells become one value

struct QuantityInfo {
  Quantity quantity;
  std::string_view key;    // in options, JSON and CSV, for example lse_drift
  std::string_view label;  // for people, for example "LSE drift"
  std::string_view help;   // the definition, in one line
  Unit unit;
  double lo, hi;  // of the colour scale; NaN = taken from the data
  ColourScale scale;
  Worse worse;
  Reduce reduce;
};

[[nodiscard]] std::span<const QuantityInfo> quantities();  // in order of the enum
[[nodiscard]] const QuantityInfo& info(Quantity quantity);
[[nodiscard]] std::optional<Quantity> quantityByKey(std::string_view key);
[[nodiscard]] double valueOf(const db::HeadRow& row, Quantity quantity);

// With its unit: "12.50 %", "0.0340 nats", "1.24 ms"; "-" when not measured.
[[nodiscard]] std::string formatQuantity(Quantity quantity, double value);
// For columns and axes whose title (columnTitle: "LSE drift [nats]") names the nats or rows.
[[nodiscard]] std::string formatCell(Quantity quantity, double value);
[[nodiscard]] std::string columnTitle(Quantity quantity);

[[nodiscard]] std::string_view unitName(Unit unit);  // in JSON: fraction, nats, rows, ns

}  // namespace ditscope::analyzer

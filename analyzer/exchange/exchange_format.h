// SPDX-License-Identifier: Apache-2.0
// The formats in which other tools keep per-head settings of sparse attention, and how a configuration
// becomes one of them and comes back. A format is one file of this folder and one line of the table. No
// format of the field holds (step, layer, head, branch) -> (method, parameters) as ours does, hence a
// LossReport of what did not fit, both ways. Files of strangers are bounded and checked: all functions throw
// db::Error with one line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "db/config.h"

namespace ditscope::db {
class TraceReader;
}

namespace ditscope::analyzer {

// What the other side could not hold: a sentence each, with counts.
using LossReport = std::vector<std::string>;

struct ExchangeOptions {
  std::string module = {};  // path of a layer's attention, {} for the number; empty = the format's own
  std::string tile = {};    // of sliding tile attention, FxRxC tokens; empty = not known
  std::optional<double> target = {};  // share of blocks to skip, for calibrated curves
  std::optional<int32_t> step = {};   // of a trace; empty = all
  std::vector<double> times =
      {};  // of the steps, falling from 1 to 0 as the model sees them; empty = not known
};

struct ExchangeInput {
  std::string_view bytes;  // the whole file, at most kMaxExchangeBytes
  std::string name;        // stands in errors for the file
  // What a file does not say: model, steps, blocks. Defaults, schedule and overrides are empty. Null only
  // where the format does without.
  const db::SparsityConfig* like = nullptr;
  ExchangeOptions options = {};
};
inline constexpr size_t kMaxExchangeBytes = size_t{64} << 20;

struct ExchangeFormat {
  std::string_view name;
  std::string_view help;
  std::string_view extension;
  bool needsLike = true;
  void (*write)(const db::SparsityConfig&, const ExchangeOptions&, const std::filesystem::path&,
                LossReport&) = nullptr;
  db::SparsityConfig (*read)(const ExchangeInput&, LossReport&) = nullptr;
  // Of a recorded run; null where only a configuration makes sense.
  void (*writeTrace)(const db::TraceReader&, const ExchangeOptions&, const std::filesystem::path&,
                     LossReport&) = nullptr;
};

[[nodiscard]] std::span<const ExchangeFormat> exchangeFormats();
[[nodiscard]] const ExchangeFormat& exchangeFormat(
    const std::string& name);  // throws, naming those there are

// The format that the content looks like. Throws db::Error when several or none do.
[[nodiscard]] const ExchangeFormat& recogniseFormat(const ExchangeInput& input);

// One a file of this folder.
[[nodiscard]] ExchangeFormat jsonExchange();
[[nodiscard]] ExchangeFormat csvExchange();
[[nodiscard]] ExchangeFormat spargeExchange();
[[nodiscard]] ExchangeFormat minferenceExchange();
[[nodiscard]] ExchangeFormat staExchange();
[[nodiscard]] ExchangeFormat ditfastattnExchange();
[[nodiscard]] ExchangeFormat ditfastattnV1Exchange();
[[nodiscard]] ExchangeFormat xattentionExchange();
[[nodiscard]] ExchangeFormat skipSoftmaxExchange();
[[nodiscard]] ExchangeFormat blockMaskExchange();

}  // namespace ditscope::analyzer

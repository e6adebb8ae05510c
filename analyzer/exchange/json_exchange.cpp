// SPDX-License-Identifier: Apache-2.0
// Our own configuration file: nothing is lost.
#include "analyzer/exchange/exchange_format.h"
#include "db/config_file.h"

namespace ditscope::analyzer {

ExchangeFormat jsonExchange() {
  return {.name = "json",
          .help = "configuration of DiTScope",
          .extension = ".json",
          .needsLike = false,
          .write = [](const db::SparsityConfig& config, const ExchangeOptions&,
                      const std::filesystem::path& path, LossReport&) { db::writeConfig(path, config); },
          .read = [](const ExchangeInput& input,
                     LossReport&) { return db::parseConfig(input.bytes, input.name); }};
}

}  // namespace ditscope::analyzer

// SPDX-License-Identifier: Apache-2.0
// A small model, and formats written to a file and read back.
#pragma once

#include <string>

#include "analyzer/exchange/exchange_file.h"
#include "analyzer/exchange/exchange_format.h"
#include "db/config.h"
#include "tests/support/temp_dir.h"

namespace ditscope::tests {

// 8 steps, 3 layers of 4 heads, 4 x 16 x 16 tokens in blocks of 64; everything dense.
inline db::SparsityConfig smallModel() {
  db::SparsityConfig config;
  config.model = {"WanTransformer3DModel", 3, 4, 1024, {4, 16, 16}, {}};
  config.scheduler = "UniPCMultistepScheduler";
  config.steps = 8;
  config.blockQ = config.blockK = 64;
  config.guidance = 3;
  config.traces = {"00000000-0000-4000-8000-000000000001"};
  return config;
}

inline db::ConfigOverride atHeads(int32_t layer, db::IndexRange heads, db::MethodChoice choice) {
  return {{.layers = {{layer, layer}}, .heads = {heads}}, std::move(choice)};
}

struct Exchanged {
  std::string bytes;
  analyzer::LossReport losses;
};

inline Exchanged exported(const db::SparsityConfig& config, const std::string& format,
                          const analyzer::ExchangeOptions& options = {}) {
  const TempDir folder;
  Exchanged result;
  analyzer::exchangeFormat(format).write(config, options, folder / "file", result.losses);
  result.bytes = analyzer::readExchangeFile(folder / "file");
  return result;
}

struct Imported {
  db::SparsityConfig config;
  analyzer::LossReport losses;
};

inline Imported imported(const std::string& bytes, const std::string& format,
                         const db::SparsityConfig& like = smallModel(),
                         const analyzer::ExchangeOptions& options = {}) {
  Imported result;
  const analyzer::ExchangeInput input{.bytes = bytes, .name = "file", .like = &like, .options = options};
  result.config = analyzer::exchangeFormat(format).read(input, result.losses);
  return result;
}

}  // namespace ditscope::tests

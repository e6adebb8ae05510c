// SPDX-License-Identifier: Apache-2.0
// Settings of other tools from a stranger, in every text format and in that which they look like: refused
// with db::Error, or a sound configuration.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "analyzer/exchange/exchange_format.h"
#include "db/config_file.h"
#include "db/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using namespace ditscope;

db::SparsityConfig smallModel() {
  db::SparsityConfig config;
  config.model = {"WanTransformer3DModel", 2, 2, 256, {1, 16, 16}, {}};
  config.scheduler = "scheduler";
  config.steps = 3;
  config.blockQ = config.blockK = 64;
  return config;
}

void import(const analyzer::ExchangeFormat& format, const analyzer::ExchangeInput& input) {
  try {
    analyzer::LossReport losses;
    const db::SparsityConfig config = format.read(input, losses);
    const std::string text = db::configText(config);
    if (db::parseConfig(text, "file") != config) std::abort();
    for (const std::string& loss : losses)
      if (loss.empty()) std::abort();
  } catch (const db::Error& error) {
    if (error.exitCode() != 3 || std::string_view(error.what()).find('\n') != std::string_view::npos)
      std::abort();
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const db::SparsityConfig like = smallModel();
  const analyzer::ExchangeInput input{
      .bytes = {reinterpret_cast<const char*>(data), size}, .name = "file", .like = &like};
  for (const analyzer::ExchangeFormat& format : analyzer::exchangeFormats())
    if (format.extension != ".pt" || input.bytes.starts_with("PK")) import(format, input);
  try {
    (void)analyzer::recogniseFormat(input);
  } catch (const db::Error&) {
  }
  return 0;
}

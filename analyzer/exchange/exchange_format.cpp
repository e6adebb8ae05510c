// SPDX-License-Identifier: Apache-2.0
#include "analyzer/exchange/exchange_format.h"

#include <algorithm>
#include <array>

#include "db/error.h"

namespace ditscope::analyzer {

std::span<const ExchangeFormat> exchangeFormats() {
  static const std::array formats = {
      jsonExchange(),        csvExchange(),         spargeExchange(),        minferenceExchange(),
      staExchange(),         ditfastattnExchange(), ditfastattnV1Exchange(), xattentionExchange(),
      skipSoftmaxExchange(), blockMaskExchange(),
  };
  return formats;
}

const ExchangeFormat& exchangeFormat(const std::string& name) {
  const auto found = std::ranges::find(exchangeFormats(), std::string_view(name), &ExchangeFormat::name);
  if (found != exchangeFormats().end()) return *found;
  std::string names;
  for (const ExchangeFormat& format : exchangeFormats())
    names += (names.empty() ? "" : ", ") + std::string(format.name);
  throw db::Error(db::Error::Kind::BadInput, "format " + name, "there is no such format",
                  "use one of " + names);
}

const ExchangeFormat& recogniseFormat(const ExchangeInput& input) {
  const auto guess = [&]() -> std::string {
    const std::string_view bytes = input.bytes;
    const auto has = [&](std::string_view text) { return bytes.find(text) != std::string_view::npos; };
    if (bytes.starts_with("PK")) {
      if (has("cdfthreshd")) return "sparge";
      if (has("head_mask_type")) return "block-mask";
      return has("attn1") ? "ditfastattn-v1" : "";
    }
    if (bytes.starts_with("component,")) return "csv";
    if (has("\"ditscope.config\"")) return "json";
    if (has("\"ditscope.compression-plan/1\"")) return "ditfastattn";
    if (has("skip_softmax")) return "skip-softmax";
    const size_t start = bytes.find_first_not_of(" \t\r\n");
    if (start == std::string_view::npos) return "";
    if (bytes[start] == '[') {
      const size_t inner = bytes.find_first_not_of(" \t\r\n", start + 1);
      if (inner == std::string_view::npos) return "";
      return bytes[inner] == '{' ? "minference" : bytes[inner] == '[' ? "xattention" : "";
    }
    return bytes[start] == '{' && has("_") ? "sta" : "";
  };
  const std::string name = guess();
  if (!name.empty()) return exchangeFormat(name);
  throw db::Error(db::Error::Kind::BadInput, "cannot read " + input.name, "its format is not recognised",
                  "name it with --from; ditscope import --help lists the formats");
}

}  // namespace ditscope::analyzer

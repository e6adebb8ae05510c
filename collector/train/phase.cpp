// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <functional>
#include <map>
#include <sstream>

#include "collector/train/trainer.h"
#include "db/error.h"

namespace ditscope::collector::train {
namespace {

[[noreturn]] void refuse(const std::string& text, const std::string& why) {
  throw db::Error(db::Error::Kind::BadInput, "phase " + text, why,
                  "write for example frames=8,size=32,batch=16,minutes=30,rate=1e-3,end=1e-4,shift=3");
}

}  // namespace

Phase parsePhase(const std::string& text) {
  Phase phase;
  phase.rateEnd = -1;
  const std::map<std::string, std::function<void(double)>> set = {
      {"frames", [&](double v) { phase.shape.frames = static_cast<int64_t>(v); }},
      {"size", [&](double v) { phase.shape.size = static_cast<int64_t>(v); }},
      {"keep", [&](double v) { phase.keep = static_cast<int64_t>(v); }},
      {"batch", [&](double v) { phase.batch = static_cast<int64_t>(v); }},
      {"steps", [&](double v) { phase.steps = static_cast<int64_t>(v); }},
      {"minutes", [&](double v) { phase.minutes = v; }},
      {"rate", [&](double v) { phase.rate = v; }},
      {"end", [&](double v) { phase.rateEnd = v; }},
      {"shift", [&](double v) { phase.shift = v; }}};
  std::istringstream items(text);
  for (std::string item; std::getline(items, item, ',');) {
    const size_t equals = item.find('=');
    const auto known = set.find(item.substr(0, equals));
    if (equals == std::string::npos || known == set.end()) refuse(text, "'" + item + "' is not understood");
    double value = 0;
    const auto [end, error] = std::from_chars(item.data() + equals + 1, item.data() + item.size(), value);
    if (error != std::errc() || end != item.data() + item.size() || !(value > 0 && value < 1e6)) {
      refuse(text, "'" + item + "' needs a number above 0");
    }
    known->second(value);
  }
  if (phase.rateEnd < 0) phase.rateEnd = phase.rate;
  if (phase.steps == 0 && phase.minutes == 0) refuse(text, "it has neither steps nor minutes");
  if (phase.shape.size % 8 != 0 || phase.shape.size > 32 || phase.shape.frames > 64) {
    refuse(text, "size must be 8, 16, 24 or 32 and frames at most 64");
  }
  if (phase.keep > phase.shape.frames) refuse(text, "it cannot keep more frames than a clip has");
  return phase;
}

}  // namespace ditscope::collector::train

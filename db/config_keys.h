// SPDX-License-Identifier: Apache-2.0
// The keys of a configuration file, object by object. docs/config.schema.json has the same, which a test
// holds it to.
#pragma once

#include <span>
#include <string_view>

#include "db/json_document.h"

namespace ditscope::db {

inline constexpr std::string_view kConfigFormat = "ditscope.config";
inline constexpr int kConfigVersion = 1;

inline constexpr JsonKey kRootKeys[] = {
    {"format", true},    {"version", true}, {"model", true},    {"scheduler", true}, {"block", true},
    {"guidance", false}, {"traces", false}, {"defaults", true}, {"schedule", false}, {"overrides", false}};
inline constexpr JsonKey kModelKeys[] = {{"class", true},  {"layers", true}, {"heads", true},
                                         {"tokens", true}, {"grid", true},   {"text", false}};
inline constexpr JsonKey kSchedulerKeys[] = {{"name", true}, {"steps", true}};
inline constexpr JsonKey kBlockKeys[] = {{"q", true}, {"k", true}};
inline constexpr JsonKey kDefaultsKeys[] = {{"method", true}, {"parameters", false}, {"expected", false}};
inline constexpr JsonKey kScheduleKeys[] = {
    {"steps", false}, {"layers", false}, {"heads", false}, {"branch", false}, {"kind", true}};
inline constexpr JsonKey kOverrideKeys[] = {{"steps", false},   {"layers", false}, {"heads", false},
                                            {"branch", false},  {"method", true},  {"parameters", false},
                                            {"expected", false}};
inline constexpr JsonKey kExpectedKeys[] = {
    {"density", false}, {"recall", false}, {"error", false}, {"time_ns", false}};

// By the name of the object: "" for the top, else as in the schema's $defs.
struct JsonKeysOf {
  std::string_view object;
  std::span<const JsonKey> keys;
  ExtraKeys extra = ExtraKeys::Refused;
};
inline constexpr JsonKeysOf kConfigObjects[] = {
    {"", kRootKeys, ExtraKeys::Prefixed},
    {"model", kModelKeys},
    {"scheduler", kSchedulerKeys},
    {"block", kBlockKeys},
    {"defaults", kDefaultsKeys, ExtraKeys::Prefixed},
    {"scheduleEntry", kScheduleKeys},
    {"override", kOverrideKeys, ExtraKeys::Prefixed},
    {"expected", kExpectedKeys},
};

}  // namespace ditscope::db

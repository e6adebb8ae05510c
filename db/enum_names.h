// SPDX-License-Identifier: Apache-2.0
// The words by which a trace, the command line and the window call the enumerations of db/model.h.
#pragma once

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>

#include "db/model.h"

namespace ditscope::db {

template <class Enum>
inline constexpr std::string_view kEnumNames[] = {""};  // in order of value; specialised below
template <>
inline constexpr std::string_view kEnumNames<RecordLevel>[] = {"stats", "mass", "full"};
template <>
inline constexpr std::string_view kEnumNames<AttnKind>[] = {"self", "cross", "joint"};
template <>
inline constexpr std::string_view kEnumNames<Branch>[] = {"cond", "uncond"};
template <>
inline constexpr std::string_view kEnumNames<TokenOrder>[] = {"frame_major", "pixel_major", "tile_major",
                                                              "clustered"};
template <>
inline constexpr std::string_view kEnumNames<TimeMethod>[] = {"none", "measured", "attributed", "replayed"};
template <>
inline constexpr std::string_view kEnumNames<LinkMethod>[] = {"none", "correlation", "nvtx_range",
                                                              "graph_node", "direct"};

template <class Enum>
[[nodiscard]] constexpr std::string_view nameOf(Enum value) {
  return kEnumNames<Enum>[size_t(value)];
}

template <class Enum>
[[nodiscard]] constexpr std::optional<Enum> fromName(std::string_view name) {
  const auto* const found = std::find(std::begin(kEnumNames<Enum>), std::end(kEnumNames<Enum>), name);
  if (found == std::end(kEnumNames<Enum>)) return std::nullopt;
  return Enum(found - std::begin(kEnumNames<Enum>));
}

template <class Enum>
[[nodiscard]] constexpr std::optional<Enum> fromNumber(int64_t number) {
  if (number < 0 || number >= int64_t(std::size(kEnumNames<Enum>))) return std::nullopt;
  return Enum(number);
}

}  // namespace ditscope::db

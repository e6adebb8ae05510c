// SPDX-License-Identifier: Apache-2.0
// The Fashion-MNIST images (Xiao, Rasul, Vollgraf 2017) as gzip-compressed IDX files: 28 x 28 pixels,
// 8 bits, 0 = background, ten classes. Debian ships them as dataset-fashion-mnist.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

namespace ditscope::collector::train {

inline constexpr const char* kFashionMnistFolder = "/usr/share/datasets/fashion-mnist";  // Debian's
inline constexpr int kClasses = 10;
inline constexpr std::array<std::string_view, kClasses> kClassNames = {
    "T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"};

struct Garments {
  int64_t count = 0;
  int64_t side = 28;            // pixels
  std::vector<uint8_t> pixels;  // [count, side, side]
  std::vector<uint8_t> labels;  // [count], 0..9
};

enum class Split : uint8_t { Train, Test };

// Throws db::Error for a missing, short or foreign file.
Garments readFashionMnist(const std::filesystem::path& folder, Split split);

// Area-averaged to side x side; side is at most the garments' own.
Garments shrink(const Garments& garments, int64_t side);

// Garments shrunk to each side that is asked for, once. Safe to use from several threads.
class GarmentSizes {
 public:
  explicit GarmentSizes(Garments full) : m_full(std::move(full)) {}
  const Garments& ofSide(int64_t side);

 private:
  Garments m_full;
  std::mutex m_mutex;
  std::map<int64_t, Garments> m_bySide;
};

}  // namespace ditscope::collector::train

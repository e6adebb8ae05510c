// SPDX-License-Identifier: Apache-2.0
#include "collector/train/fashion_mnist.h"

#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "db/error.h"

namespace ditscope::collector::train {
namespace {

constexpr uint32_t kMaxItems = 1'000'000;

class IdxFile {
 public:
  explicit IdxFile(const std::filesystem::path& path)
      : m_path(path), m_file(gzopen(path.c_str(), "rb"), &gzclose) {
    if (!m_file) fail("cannot be opened");
  }
  uint32_t bigEndian() {
    uint8_t b[4];
    read(b, 4);
    return uint32_t{b[0]} << 24 | uint32_t{b[1]} << 16 | uint32_t{b[2]} << 8 | b[3];
  }
  void expect(uint32_t value) {
    if (bigEndian() != value) fail("is not the IDX file it should be");
  }
  uint32_t count() {
    const uint32_t n = bigEndian();
    if (n == 0 || n > kMaxItems) fail("claims an impossible number of items");
    return n;
  }
  std::vector<uint8_t> bytes(size_t size) {
    std::vector<uint8_t> data(size);
    read(data.data(), size);
    return data;
  }
  [[noreturn]] void fail(const char* why) const {
    throw db::Error(db::Error::Kind::BadInput, m_path.string(), why,
                    "install dataset-fashion-mnist or name its folder with --data");
  }

 private:
  void read(uint8_t* to, size_t size) {
    if (gzfread(to, 1, size, m_file.get()) != size) fail("ends too early");
  }

  std::filesystem::path m_path;
  std::unique_ptr<gzFile_s, decltype(&gzclose)> m_file;
};

}  // namespace

Garments readFashionMnist(const std::filesystem::path& folder, Split split) {
  const std::string stem = split == Split::Train ? "train" : "t10k";
  IdxFile images(folder / (stem + "-images-idx3-ubyte.gz"));
  IdxFile labels(folder / (stem + "-labels-idx1-ubyte.gz"));
  Garments garments;
  images.expect(0x803);
  labels.expect(0x801);
  garments.count = images.count();
  if (labels.count() != garments.count) labels.fail("has another number of items than the images");
  images.expect(static_cast<uint32_t>(garments.side));
  images.expect(static_cast<uint32_t>(garments.side));
  garments.pixels = images.bytes(static_cast<size_t>(garments.count * garments.side * garments.side));
  garments.labels = labels.bytes(static_cast<size_t>(garments.count));
  const bool inRange = std::ranges::all_of(garments.labels, [](uint8_t label) { return label < kClasses; });
  if (!inRange) labels.fail("holds a label above 9");
  return garments;
}

Garments shrink(const Garments& garments, int64_t side) {
  const int64_t from = garments.side;
  const double ratio = static_cast<double>(from) / static_cast<double>(side);
  // weight[i][j]: share of source pixel j in target pixel i.
  std::vector<std::vector<double>> weight(static_cast<size_t>(side),
                                          std::vector<double>(static_cast<size_t>(from)));
  for (size_t i = 0; i < weight.size(); ++i) {
    const double begin = static_cast<double>(i) * ratio;
    for (size_t j = 0; j < weight[i].size(); ++j) {
      const double low = std::max(begin, static_cast<double>(j));
      const double high = std::min(begin + ratio, static_cast<double>(j + 1));
      weight[i][j] = std::max(0.0, high - low) / ratio;
    }
  }
  Garments small;
  small.count = garments.count;
  small.side = side;
  small.labels = garments.labels;
  small.pixels.reserve(static_cast<size_t>(small.count * side * side));
  std::vector<double> rows(static_cast<size_t>(side * from));
  for (int64_t n = 0; n < garments.count; ++n) {
    const uint8_t* image = garments.pixels.data() + n * from * from;
    for (int64_t i = 0; i < side; ++i) {
      for (int64_t x = 0; x < from; ++x) {
        double sum = 0;
        for (int64_t y = 0; y < from; ++y) sum += weight[i][y] * image[y * from + x];
        rows[i * from + x] = sum;
      }
    }
    for (int64_t i = 0; i < side; ++i) {
      for (int64_t j = 0; j < side; ++j) {
        double sum = 0;
        for (int64_t x = 0; x < from; ++x) sum += weight[j][x] * rows[i * from + x];
        small.pixels.push_back(static_cast<uint8_t>(std::lround(sum)));
      }
    }
  }
  return small;
}

const Garments& GarmentSizes::ofSide(int64_t side) {
  const std::lock_guard lock(m_mutex);
  const auto found = m_bySide.find(side);
  return found != m_bySide.end() ? found->second : m_bySide.emplace(side, shrink(m_full, side)).first->second;
}

}  // namespace ditscope::collector::train

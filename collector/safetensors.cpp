// SPDX-License-Identifier: Apache-2.0
#include "collector/safetensors.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "collector/safetensors_header.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

namespace fs = std::filesystem;
static_assert(std::endian::native == std::endian::little, "the format is little-endian, and so is this code");

constexpr std::array<std::pair<std::string_view, at::ScalarType>, 11> kDtypes{{
    {"BOOL", at::kBool},
    {"U8", at::kByte},
    {"I8", at::kChar},
    {"I16", at::kShort},
    {"I32", at::kInt},
    {"I64", at::kLong},
    {"F16", at::kHalf},
    {"BF16", at::kBFloat16},
    {"F32", at::kFloat},
    {"F64", at::kDouble},
    {"C64", at::kComplexFloat},
}};

[[noreturn]] void fail(const fs::path& file, const std::string& why, const std::string& remedy) {
  throw db::Error(db::Error::Kind::Failure, file.string(), why, remedy);
}

float decodeE4M3(uint8_t bits) {
  const int exponent = bits >> 3 & 15;
  const int mantissa = bits & 7;
  if (exponent == 15 && mantissa == 7) return std::numeric_limits<float>::quiet_NaN();
  const float size = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -9)
                                   : std::ldexp(static_cast<float>(8 + mantissa), exponent - 10);
  return bits & 0x80 ? -size : size;
}

// E5M2 is the upper byte of an f16.
float decodeE5M2(uint8_t bits) {
  return c10::Half(static_cast<uint16_t>(bits << 8), c10::Half::from_bits());
}

at::Tensor decodeF8(const at::Tensor& bytes, float (*decode)(uint8_t)) {
  at::Tensor table = at::empty({256}, at::kFloat);
  for (int i = 0; i < 256; ++i) table.data_ptr<float>()[i] = decode(static_cast<uint8_t>(i));
  return table.take(bytes.to(at::kLong));
}

void readBytes(std::ifstream& in, at::Tensor& into, const fs::path& file) {
  const auto bytes = static_cast<std::streamsize>(into.nbytes());
  if (bytes > 0 && !in.read(static_cast<char*>(into.data_ptr()), bytes)) {
    db::refuseInput(file, "it ended while its tensors were read", "check that nothing else writes to it");
  }
}

at::Tensor readTensor(std::ifstream& in, const TensorEntry& entry, const fs::path& file) {
  const bool isE4M3 = entry.dtype == "F8_E4M3";
  const bool isF8 = isE4M3 || entry.dtype == "F8_E5M2";
  const auto* known = std::find_if(kDtypes.begin(), kDtypes.end(), [&](const auto& pair) {
    return pair.first == (isF8 ? "U8" : entry.dtype);
  });
  if (known == kDtypes.end()) {
    db::refuseInput(file, fmt::format("a tensor has the dtype {}, which LibTorch does not have", entry.dtype),
                    "convert the file to F32, F16 or BF16");
  }
  try {
    at::Tensor tensor = at::empty(entry.shape, known->second);
    readBytes(in, tensor, file);
    return isF8 ? decodeF8(tensor, isE4M3 ? decodeE4M3 : decodeE5M2) : tensor;
  } catch (const c10::Error&) {
    fail(file, fmt::format("no memory for a tensor of {} bytes", entry.end - entry.begin),
         "use a machine with more memory");
  }
}

std::string_view dtypeName(const at::Tensor& tensor, const std::string& name, const fs::path& file) {
  for (const auto& [text, type] : kDtypes) {
    if (type == tensor.scalar_type()) return text;
  }
  fail(file, fmt::format("tensor {} has a dtype that cannot be written", quotedName(name)),
       "convert it to F32, F16 or BF16");
}

std::string makeHeader(const std::vector<std::pair<std::string, at::Tensor>>& tensors,
                       const Metadata& metadata, const fs::path& file) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t at = 0;
  for (const auto& [name, tensor] : tensors) {
    const uint64_t end = at + tensor.nbytes();
    header[name] = {{"dtype", dtypeName(tensor, name, file)},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {at, end}}};
    at = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

void writeBytes(const fs::path& file, const std::string& header,
                const std::vector<std::pair<std::string, at::Tensor>>& tensors) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  const uint64_t length = header.size();
  out.write(reinterpret_cast<const char*>(&length), sizeof length);
  out.write(header.data(), static_cast<std::streamsize>(header.size()));
  for (const auto& [name, tensor] : tensors) {
    out.write(static_cast<const char*>(tensor.data_ptr()), static_cast<std::streamsize>(tensor.nbytes()));
  }
  out.close();
  if (!out) fail(file, "cannot write it", "check the folder, its permissions and the free space");
}

}  // namespace

TensorMap readSafetensors(const fs::path& file, Metadata* metadata) {
  std::error_code error;
  const uint64_t fileBytes = fs::is_regular_file(file, error) ? fs::file_size(file, error) : 0;
  std::ifstream in(file, std::ios::binary);
  if (error || !fs::is_regular_file(file, error) || !in)
    db::refuseInput(file, "cannot read it", "check the path and its permissions");

  std::array<char, 8> prefix{};
  in.read(prefix.data(), prefix.size());
  const std::span<const char> got(prefix.data(), static_cast<size_t>(in.gcount()));
  std::string json(safetensorsHeaderLength(got, fileBytes, file.string()), '\0');
  if (!in.read(json.data(), static_cast<std::streamsize>(json.size()))) {
    db::refuseInput(file, "it ended while its header was read", "check that nothing else writes to it");
  }
  SafetensorsHeader header = parseSafetensorsHeader(json, fileBytes - 8 - json.size(), file.string());

  TensorMap tensors;
  for (const TensorEntry& entry : header.tensors) tensors.emplace(entry.name, readTensor(in, entry, file));
  if (metadata) *metadata = std::move(header.metadata);
  return tensors;
}

void writeSafetensors(const fs::path& file, const TensorMap& tensors, const Metadata& metadata) {
  std::vector<std::pair<std::string, at::Tensor>> ready;
  for (const auto& [name, tensor] : tensors) ready.emplace_back(name, tensor.detach().cpu().contiguous());
  // Widest elements first, as other writers do, so that every tensor is aligned; the map has sorted the
  // names.
  std::stable_sort(ready.begin(), ready.end(), [](const auto& a, const auto& b) {
    return a.second.element_size() > b.second.element_size();
  });

  const fs::path part = file.string() + fmt::format(".{}.part", ::getpid());
  std::error_code error;
  try {
    writeBytes(part, makeHeader(ready, metadata, file), ready);
  } catch (const nlohmann::json::exception&) {
    fail(file, "a name or a metadata value is not UTF-8", "rename it");
  } catch (...) {
    fs::remove(part, error);
    throw;
  }
  fs::rename(part, file, error);
  if (error) {
    const std::string why = error.message();
    fs::remove(part, error);
    fail(file, why, "check the folder and its permissions");
  }
}

}  // namespace ditscope::collector

// SPDX-License-Identifier: Apache-2.0
#include "analyzer/import/kineto_metadata.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/import/capture_time.h"

namespace ditscope::analyzer {
namespace {

using Token = JsonScanner::Token;

constexpr size_t kMaxDevices = 1024;
constexpr size_t kMaxTextBytes = 200;

std::string cudaVersion(std::string_view number) {  // 12040 is 12.4
  const auto value = integerOf(number);
  if (!value || *value <= 0) return {};
  return fmt::format("{}.{}", *value / 1000, *value % 1000 / 10);
}

std::string hipVersion(std::string_view number) {  // 71326183 is 7.13.26183
  const auto value = integerOf(number);
  if (!value || *value <= 0) return {};
  return fmt::format("HIP {}.{}.{}", *value / 10'000'000, *value / 100'000 % 100, *value % 100'000);
}

// The value of 'key': in a dictionary as Python prints it; empty when there is none.
std::string_view pythonValue(std::string_view text, std::string_view key) {
  const std::string quoted = fmt::format("'{}':", key);
  const size_t place = text.find(quoted);
  if (place == std::string_view::npos) return {};
  const size_t begin = text.find_first_not_of(" '", place + quoted.size());
  if (begin == std::string_view::npos) return {};
  const bool isText = text[begin - 1] == '\'';
  return text.substr(begin, text.find_first_of(isText ? "'" : ",}", begin) - begin);
}

}  // namespace

bool KinetoMetadata::read(JsonScanner& scanner) {
  const std::string key(scanner.text().substr(0, kMaxTextBytes));
  if (key == "deviceProperties") return readDevices(scanner);
  if (key == "distributedInfo") return readDistributed(scanner);
  const bool wanted = key == "baseTimeNanoseconds" || key == "cuda_runtime_version" ||
                      key == "cuda_driver_version" || key == "hip_runtime_version" || key == "cupti_version";
  if (!wanted) return scanner.skipValue();
  const Token token = scanner.next();
  if (token == Token::BeginObject || token == Token::BeginArray) return scanner.skipToEnd();
  if (!JsonScanner::isScalar(token)) return false;
  const std::string_view value = scanner.text();
  if (key == "baseTimeNanoseconds") {
    if (const auto ns = integerOf(value); ns && isCaptureTime(*ns)) m_baseNs = *ns;
  } else if (key == "cuda_runtime_version") {
    m_cuda = cudaVersion(value);
  } else if (key == "cuda_driver_version") {
    m_driver = "CUDA " + cudaVersion(value);
  } else if (key == "hip_runtime_version") {
    m_cuda = hipVersion(value);
  } else if (const auto number = integerOf(value)) {
    m_cupti = fmt::format("API {}", *number);
  }
  return true;
}

void KinetoMetadata::set(DeviceProperties& device, std::string_view key, std::string_view value) {
  const auto number = integerOf(value).value_or(0);
  if (key == "id") device.id = number;
  if (key == "name") device.name = cleanText(value, kMaxTextBytes);
  if (key == "totalGlobalMem") device.memoryBytes = std::max<int64_t>(number, 0);
  if (key == "numSms") device.smCount = number;
}

bool KinetoMetadata::readDevices(JsonScanner& scanner) {
  const Token token = scanner.next();
  if (token == Token::String) {  // a list as Python prints it
    devicesFromText(std::string(scanner.text()));
    return true;
  }
  if (token != Token::BeginArray)
    return token == Token::BeginObject ? scanner.skipToEnd() : JsonScanner::isScalar(token);
  while (true) {
    const Token element = scanner.next();
    if (element == Token::EndArray) return true;
    if (element == Token::BeginObject) {
      if (!readDevice(scanner)) return false;
    } else if (!JsonScanner::isScalar(element)) {
      return false;
    }
  }
}

bool KinetoMetadata::readDevice(JsonScanner& scanner) {
  DeviceProperties device;
  while (true) {
    const Token token = scanner.next();
    if (token == Token::EndObject) break;
    if (token != Token::Key) return false;
    const std::string key(scanner.text().substr(0, kMaxTextBytes));
    const Token value = scanner.next();
    if (value == Token::BeginObject || value == Token::BeginArray) {
      if (!scanner.skipToEnd()) return false;
    } else if (!JsonScanner::isScalar(value)) {
      return false;
    } else {
      set(device, key, scanner.text());
    }
  }
  if (m_devices.size() < kMaxDevices) m_devices.push_back(device);
  return true;
}

void KinetoMetadata::devicesFromText(const std::string& text) {
  for (size_t begin = text.find('{'); begin != std::string::npos && m_devices.size() < kMaxDevices;
       begin = text.find('{', begin + 1)) {
    const size_t end = text.find('}', begin);
    const std::string_view one = std::string_view(text).substr(begin, end - begin);
    DeviceProperties device;
    for (const std::string_view key : {"id", "name", "totalGlobalMem", "numSms"})
      set(device, key, pythonValue(one, key));
    m_devices.push_back(device);
  }
}

bool KinetoMetadata::readDistributed(JsonScanner& scanner) {
  const Token token = scanner.next();
  if (token == Token::String) {
    m_rank = integerOf(pythonValue(scanner.text(), "rank")).value_or(0);
    return true;
  }
  if (token != Token::BeginObject)
    return token == Token::BeginArray ? scanner.skipToEnd() : JsonScanner::isScalar(token);
  while (true) {
    const Token next = scanner.next();
    if (next == Token::EndObject) return true;
    if (next != Token::Key) return false;
    if (scanner.text() != "rank") {
      if (!scanner.skipValue()) return false;
      continue;
    }
    const Token rank = scanner.next();
    if (rank == Token::BeginObject || rank == Token::BeginArray) {
      if (!scanner.skipToEnd()) return false;
    } else if (!JsonScanner::isScalar(rank)) {
      return false;
    } else {
      m_rank = integerOf(scanner.text()).value_or(0);
    }
  }
}

void KinetoMetadata::complete(CaptureBuilder& capture) const {
  capture.facts.rank = int32_t(std::clamp<int64_t>(m_rank, 0, 1 << 20));
  capture.facts.cuda = m_cuda;
  capture.facts.driver = m_driver;
  capture.facts.cupti = m_cupti;
  const bool alike = std::ranges::adjacent_find(m_devices, [](const auto& a, const auto& b) {
                       return a.name != b.name;
                     }) == m_devices.end();
  for (db::Device& device : capture.devices) {
    // A process that sees one device of many names its properties under 0 and its kernels under the real one.
    auto found = std::ranges::find(m_devices, int64_t{device.ordinal}, &DeviceProperties::id);
    if (found == m_devices.end() && alike && !m_devices.empty()) found = m_devices.begin();
    if (found == m_devices.end()) {
      device.name = fmt::format("GPU {}", device.ordinal);
      continue;
    }
    device.name = found->name;
    device.memoryBytes = found->memoryBytes;
    device.smCount = int32_t(std::clamp<int64_t>(found->smCount, 0, 1 << 20));
  }
}

}  // namespace ditscope::analyzer

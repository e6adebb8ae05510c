// SPDX-License-Identifier: Apache-2.0
// What stands beside the events of a trace of the PyTorch profiler, as far as it is taken over: device
// properties, versions, the time base and the rank, by a list of keys. Everything else is passed over unread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/import/capture_builder.h"
#include "analyzer/import/json_scanner.h"

namespace ditscope::analyzer {

class KinetoMetadata {
 public:
  // The value of the key that was the scanner's last token. False: it is broken.
  [[nodiscard]] bool read(JsonScanner& scanner);
  void complete(CaptureBuilder& capture) const;  // devices that kernels ran on, and facts
  [[nodiscard]] std::optional<int64_t> baseNs() const { return m_baseNs; }

 private:
  struct DeviceProperties {
    int64_t id = -1;
    std::string name;
    int64_t memoryBytes = 0;
    int64_t smCount = 0;
  };
  bool readDevices(JsonScanner& scanner);
  bool readDevice(JsonScanner& scanner);
  bool readDistributed(JsonScanner& scanner);
  void devicesFromText(const std::string& text);
  static void set(DeviceProperties& device, std::string_view key, std::string_view value);

  std::vector<DeviceProperties> m_devices;
  std::optional<int64_t> m_baseNs;
  int64_t m_rank = 0;
  std::string m_cuda, m_driver, m_cupti;
};

}  // namespace ditscope::analyzer

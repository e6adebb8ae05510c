// SPDX-License-Identifier: Apache-2.0
// CUPTI, loaded when it is asked for: programs start on machines that have neither it nor a driver. Only
// compiled where its headers are; nothing outside probes/ includes this.
#pragma once

#include <cupti.h>

#include <cstdint>
#include <string>

namespace ditscope::collector {

struct CuptiLibrary {
  decltype(&cuptiGetVersion) getVersion = nullptr;
  decltype(&cuptiGetResultString) getResultString = nullptr;
  decltype(&cuptiSubscribe_v2) subscribe = nullptr;
  decltype(&cuptiUnsubscribe) unsubscribe = nullptr;
  decltype(&cuptiSetThreadIdType) setThreadIdType = nullptr;
  decltype(&cuptiGetTimestamp) getTimestamp = nullptr;
  decltype(&cuptiActivityRegisterCallbacks) registerCallbacks = nullptr;
  decltype(&cuptiActivityEnable) enable = nullptr;
  decltype(&cuptiActivityDisable) disable = nullptr;
  decltype(&cuptiActivityEnableRuntimeApi) enableRuntimeApi = nullptr;
  decltype(&cuptiActivityEnableDriverApi) enableDriverApi = nullptr;
  decltype(&cuptiActivityPushExternalCorrelationId) pushExternalId = nullptr;
  decltype(&cuptiActivityPopExternalCorrelationId) popExternalId = nullptr;
  decltype(&cuptiActivityGetNextRecord) nextRecord = nullptr;
  decltype(&cuptiActivityGetNumDroppedRecords) droppedRecords = nullptr;
  decltype(&cuptiActivityFlushAll) flushAll = nullptr;
  decltype(&cuptiActivityFlushPeriod) flushPeriod = nullptr;

  uint32_t version = 0;  // CUPTI's API version, for example 130001
  std::string whyNot;    // empty when all of it is there and fits the headers
};

// The one that LibTorch has loaded already, else from the usual places. `names` ends with nullptr.
[[nodiscard]] CuptiLibrary loadCupti(const char* const* names);
extern const char* const kCuptiNames[];

[[nodiscard]] std::string cuptiVersionText(uint32_t version);  // 130001 -> 13.0

// A plain sentence for a failure that users meet, with CUPTI's own word for others. `rival`: who holds the
// profiler, where the library said it.
[[nodiscard]] std::string cuptiFailure(const CuptiLibrary& cupti, CUptiResult status,
                                       const std::string& rival = "");

}  // namespace ditscope::collector

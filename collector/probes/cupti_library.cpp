// SPDX-License-Identifier: Apache-2.0
#include "collector/probes/cupti_library.h"

#include <dlfcn.h>
#include <fmt/core.h>

namespace ditscope::collector {
namespace {

constexpr uint32_t kMajor = 10'000;  // API versions count 10,000 a major version

void* open(const char* const* names) {
  for (const char* const* name = names; *name != nullptr; ++name) {
    if (void* loaded = dlopen(*name, RTLD_NOW | RTLD_NOLOAD)) return loaded;
  }
  for (const char* const* name = names; *name != nullptr; ++name) {
    if (void* loaded = dlopen(*name, RTLD_NOW | RTLD_LOCAL)) return loaded;
  }
  return nullptr;
}

}  // namespace

const char* const kCuptiNames[] = {"libcupti.so.13",
                                   "/usr/local/cuda/extras/CUPTI/lib64/libcupti.so.13",
                                   "/usr/local/cuda/lib64/libcupti.so.13",
                                   "libcupti.so.12",
                                   "libcupti.so",
                                   nullptr};

std::string cuptiVersionText(uint32_t version) {
  return fmt::format("{}.{}", version / kMajor, version % kMajor / 100);
}

CuptiLibrary loadCupti(const char* const* names) {
  CuptiLibrary cupti;
  void* library = open(names);
  if (library == nullptr) {
    cupti.whyNot = fmt::format("{} is not on this machine", names[0]);
    return cupti;
  }
  const char* missing = nullptr;
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
    if (function == nullptr && missing == nullptr) missing = name;
  };
  find(cupti.getVersion, "cuptiGetVersion");
  find(cupti.getResultString, "cuptiGetResultString");
  find(cupti.subscribe, "cuptiSubscribe_v2");
  find(cupti.unsubscribe, "cuptiUnsubscribe");
  find(cupti.setThreadIdType, "cuptiSetThreadIdType");
  find(cupti.getTimestamp, "cuptiGetTimestamp");
  find(cupti.registerCallbacks, "cuptiActivityRegisterCallbacks");
  find(cupti.enable, "cuptiActivityEnable");
  find(cupti.disable, "cuptiActivityDisable");
  find(cupti.enableRuntimeApi, "cuptiActivityEnableRuntimeApi");
  find(cupti.enableDriverApi, "cuptiActivityEnableDriverApi");
  find(cupti.pushExternalId, "cuptiActivityPushExternalCorrelationId");
  find(cupti.popExternalId, "cuptiActivityPopExternalCorrelationId");
  find(cupti.nextRecord, "cuptiActivityGetNextRecord");
  find(cupti.droppedRecords, "cuptiActivityGetNumDroppedRecords");
  find(cupti.flushAll, "cuptiActivityFlushAll");
  find(cupti.flushPeriod, "cuptiActivityFlushPeriod");
  if (cupti.getVersion != nullptr) cupti.getVersion(&cupti.version);
  // Records grow at their end from one major version to the next: a younger library is understood.
  if (cupti.version / kMajor < CUPTI_API_VERSION / kMajor) {
    cupti.whyNot = fmt::format("the CUPTI that was found has API version {}, older than the {} of this build",
                               cupti.version, CUPTI_API_VERSION);
  } else if (missing != nullptr) {
    cupti.whyNot = fmt::format("the CUPTI that was found has no {}", missing);
  }
  return cupti;
}

std::string cuptiFailure(const CuptiLibrary& cupti, CUptiResult status, const std::string& rival) {
  switch (status) {
    case CUPTI_ERROR_NOT_INITIALIZED:
      return "the driver is too old for it";
    case CUPTI_ERROR_INSUFFICIENT_PRIVILEGES:
      return "this user may not profile";
    case CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED:
      return rival.empty() ? "another profiler or debugger holds it" : fmt::format("{} holds it", rival);
    case CUPTI_ERROR_OUT_OF_MEMORY:
      return "it ran out of memory";
    default:
      break;
  }
  const char* text = nullptr;
  cupti.getResultString(status, &text);
  return fmt::format("{} ({})", text == nullptr ? "CUPTI failed" : text, int(status));
}

}  // namespace ditscope::collector

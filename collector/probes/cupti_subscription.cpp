// SPDX-License-Identifier: Apache-2.0
#include "collector/probes/cupti_subscription.h"

#include <array>

namespace ditscope::collector {
namespace {

// The launches of kernels, by the runtime and by the driver (cuBLAS, cuDNN and graphs use either).
constexpr CUpti_CallbackId kRuntimeLaunches[] = {CUPTI_RUNTIME_TRACE_CBID_cudaLaunchKernel_v7000,
                                                 CUPTI_RUNTIME_TRACE_CBID_cudaLaunchKernel_ptsz_v7000,
                                                 CUPTI_RUNTIME_TRACE_CBID_cudaLaunchKernelExC_v11060,
                                                 CUPTI_RUNTIME_TRACE_CBID_cudaLaunchKernelExC_ptsz_v11060,
                                                 CUPTI_RUNTIME_TRACE_CBID___cudaLaunchKernel_v13000,
                                                 CUPTI_RUNTIME_TRACE_CBID___cudaLaunchKernel_ptsz_v13000,
                                                 CUPTI_RUNTIME_TRACE_CBID_cudaGraphLaunch_v10000,
                                                 CUPTI_RUNTIME_TRACE_CBID_cudaGraphLaunch_ptsz_v10000};
constexpr CUpti_CallbackId kDriverLaunches[] = {
    CUPTI_DRIVER_TRACE_CBID_cuLaunchKernel,   CUPTI_DRIVER_TRACE_CBID_cuLaunchKernel_ptsz,
    CUPTI_DRIVER_TRACE_CBID_cuLaunchKernelEx, CUPTI_DRIVER_TRACE_CBID_cuLaunchKernelEx_ptsz,
    CUPTI_DRIVER_TRACE_CBID_cuGraphLaunch,    CUPTI_DRIVER_TRACE_CBID_cuGraphLaunch_ptsz};
constexpr CUpti_ActivityKind kNeeded[] = {CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL,
                                          CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION};
constexpr CUpti_ActivityKind kOptional[] = {CUPTI_ACTIVITY_KIND_OVERHEAD, CUPTI_ACTIVITY_KIND_ENVIRONMENT};

void CUPTIAPI requestBuffer(uint8_t** buffer, size_t* size, size_t* maxRecords) {
  cuptiPool().request(buffer, size, maxRecords);
}

void CUPTIAPI completeBuffer(CUcontext, uint32_t, uint8_t* buffer, size_t, size_t validBytes) {
  cuptiPool().complete(buffer, validBytes);
}

void CUPTIAPI ignoreCallback(void*, CUpti_CallbackDomain, CUpti_CallbackId, const void*) {}

}  // namespace

CuptiBuffers& cuptiPool() {
  static auto* const buffers = new CuptiBuffers;
  return *buffers;
}

CuptiSubscription::~CuptiSubscription() {
  if (m_subscriber == nullptr) return;
  disable();
  m_cupti.unsubscribe(m_subscriber);
}

std::string CuptiSubscription::take() {
  m_cupti = loadCupti(kCuptiNames);
  std::string whyNot = m_cupti.whyNot;
  if (whyNot.empty()) whyNot = subscribe();
  // Kernels are instrumented when their modules are loaded, which must find the kind enabled.
  if (whyNot.empty()) whyNot = enable();
  return whyNot;
}

std::string CuptiSubscription::subscribe() {
  std::array<char, CUPTI_OLD_SUBSCRIBER_NAME_MIN_LEN> rival = {};
  CUpti_SubscriberParams params = {};
  params.structSize = CUpti_SubscriberParams_STRUCT_SIZE;
  params.subscriberName = "ditscope";
  params.oldSubscriberName = rival.data();
  params.oldSubscriberSize = rival.size();
  const CUptiResult subscribed = m_cupti.subscribe(&m_subscriber, &ignoreCallback, nullptr, &params);
  if (subscribed != CUPTI_SUCCESS) {
    m_subscriber = nullptr;
    return cuptiFailure(m_cupti, subscribed, rival.data());
  }
  m_cupti.setThreadIdType(CUPTI_ACTIVITY_THREAD_ID_TYPE_SYSTEM);
  const CUptiResult registered = m_cupti.registerCallbacks(&requestBuffer, &completeBuffer);
  return registered == CUPTI_SUCCESS ? "" : cuptiFailure(m_cupti, registered);
}

std::string CuptiSubscription::enable() {
  for (const CUpti_ActivityKind kind : kNeeded) {
    const CUptiResult status = m_cupti.enable(kind);
    if (status != CUPTI_SUCCESS) return cuptiFailure(m_cupti, status);
  }
  for (const CUpti_ActivityKind kind : kOptional) m_cupti.enable(kind);  // whatever is to be had
  // The launch calls alone: tracing every call of the runtime costs several times as much.
  for (const CUpti_CallbackId id : kRuntimeLaunches) m_cupti.enableRuntimeApi(id, 1);
  for (const CUpti_CallbackId id : kDriverLaunches) m_cupti.enableDriverApi(id, 1);
  return "";
}

void CuptiSubscription::disable() {
  for (const CUpti_CallbackId id : kRuntimeLaunches) m_cupti.enableRuntimeApi(id, 0);
  for (const CUpti_CallbackId id : kDriverLaunches) m_cupti.enableDriverApi(id, 0);
  for (const CUpti_ActivityKind kind : kOptional) m_cupti.disable(kind);
  for (const CUpti_ActivityKind kind : kNeeded) m_cupti.disable(kind);
}

}  // namespace ditscope::collector

// SPDX-License-Identifier: Apache-2.0
#include "collector/probes/nvtx.h"

#ifdef DITSCOPE_HAVE_NVTX
#include <nvtx3/nvToolsExt.h>

namespace ditscope::collector {
namespace {

struct Domain {
  nvtxDomainHandle_t handle = nvtxDomainCreateA("ditscope");
  nvtxStringHandle_t names[4] = {
      nvtxDomainRegisterStringA(handle, "step"),
      nvtxDomainRegisterStringA(handle, "layer"),
      nvtxDomainRegisterStringA(handle, "attention"),
      nvtxDomainRegisterStringA(handle, "mask search"),
  };
};

const Domain& domain() {
  static const Domain instance;
  return instance;
}

}  // namespace

NvtxRange::NvtxRange(NvtxName name, int64_t index) {
  nvtxEventAttributes_t event = {};
  event.version = NVTX_VERSION;
  event.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
  event.messageType = NVTX_MESSAGE_TYPE_REGISTERED;
  event.message.registered = domain().names[static_cast<int>(name)];
  event.payloadType = NVTX_PAYLOAD_TYPE_INT64;
  event.payload.llValue = index;
  nvtxDomainRangePushEx(domain().handle, &event);
}

NvtxRange::~NvtxRange() {
  nvtxDomainRangePop(domain().handle);
}

}  // namespace ditscope::collector

#else

namespace ditscope::collector {

NvtxRange::NvtxRange(NvtxName, int64_t) {}
NvtxRange::~NvtxRange() = default;

}  // namespace ditscope::collector

#endif

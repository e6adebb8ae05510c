// SPDX-License-Identifier: Apache-2.0
// Stands in for a profiler: NVTX loads this library when NVTX_INJECTION64_PATH names it. Each range of the
// program becomes a line "depth domain name payload" in the file that DITSCOPE_NVTX_LOG names.
#include <nvtx3/nvToolsExt.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>

namespace {

std::deque<std::string> g_names;  // handles of domains and strings point into it
int g_depth = 0;

void* keep(const char* name) {
  g_names.emplace_back(name);
  return &g_names.back();
}

const char* nameOf(const void* handle) {
  return static_cast<const std::string*>(handle)->c_str();
}

nvtxDomainHandle_t NVTX_API createDomain(const char* name) {
  return static_cast<nvtxDomainHandle_t>(keep(name));
}

nvtxStringHandle_t NVTX_API registerString(nvtxDomainHandle_t, const char* name) {
  return static_cast<nvtxStringHandle_t>(keep(name));
}

int NVTX_API push(nvtxDomainHandle_t domain, const nvtxEventAttributes_t* event) {
  if (FILE* log = std::fopen(std::getenv("DITSCOPE_NVTX_LOG"), "a")) {
    std::fprintf(log, "%d %s %s %lld\n", g_depth, nameOf(domain), nameOf(event->message.registered),
                 static_cast<long long>(event->payload.llValue));
    std::fclose(log);
  }
  return g_depth++;
}

int NVTX_API pop(nvtxDomainHandle_t) {
  return --g_depth;
}

template <class Function>
NvtxFunctionPointer pointer(Function* function) {
  return reinterpret_cast<NvtxFunctionPointer>(function);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int InitializeInjectionNvtx2(
    NvtxGetExportTableFunc_t getTable) {
  const auto* callbacks = static_cast<const NvtxExportTableCallbacks*>(getTable(NVTX_ETID_CALLBACKS));
  NvtxFunctionTable functions = nullptr;
  unsigned int size = 0;
  if (callbacks == nullptr || callbacks->GetModuleFunctionTable(NVTX_CB_MODULE_CORE2, &functions, &size) == 0)
    return 0;
  *functions[NVTX_CBID_CORE2_DomainCreateA] = pointer(createDomain);
  *functions[NVTX_CBID_CORE2_DomainRegisterStringA] = pointer(registerString);
  *functions[NVTX_CBID_CORE2_DomainRangePushEx] = pointer(push);
  *functions[NVTX_CBID_CORE2_DomainRangePop] = pointer(pop);
  return 1;
}

// SPDX-License-Identifier: Apache-2.0
// The few functions of the CUDA runtime that the kernels' host side calls, for a Hopper GPU of one
// multiprocessor.
#include <cuda_runtime_api.h>

#include <cstring>

extern "C" {

cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  *value = attribute == cudaDevAttrComputeCapabilityMajor ? 9 : 1;
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* data, int value, size_t bytes, cudaStream_t) {
  std::memset(data, value, bytes);
  return cudaSuccess;
}
const char* cudaGetErrorString(cudaError_t) {
  return "no error";
}

}  // extern "C"

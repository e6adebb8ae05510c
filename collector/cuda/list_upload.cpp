// SPDX-License-Identifier: Apache-2.0
#include "collector/cuda/list_upload.h"

#include <ATen/ATen.h>

#include <cstring>

namespace ditscope::collector::cuda {
namespace {

constexpr size_t kAlignment = 16;

template <class T>
size_t roomFor(const std::vector<T>& values) {
  return (values.size() * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
}

// Copies `values` to `at` bytes into host memory; returns where they will lie on the device.
template <class T>
const T* place(const std::vector<T>& values, const at::Tensor& host, const at::Tensor& device, size_t& at) {
  if (values.empty()) return nullptr;
  std::memcpy(static_cast<char*>(host.data_ptr()) + at, values.data(), values.size() * sizeof(T));
  const auto* there = reinterpret_cast<const T*>(static_cast<const char*>(device.data_ptr()) + at);
  at += roomFor(values);
  return there;
}

}  // namespace

bool ListUploads::has(const Lists& lists) const {
  const auto found = m_uploads.find(lists.get());
  return found != m_uploads.end() && found->second.source.lock() == lists;
}

kernels::BlockList ListUploads::of(const Lists& lists, at::Device device) {
  if (has(lists) && m_uploads[lists.get()].memory.device() == device) return m_uploads[lists.get()].view;
  std::erase_if(m_uploads, [](const auto& upload) { return upload.second.source.expired(); });
  const auto bytes = int64_t(roomFor(lists->rowStart) + roomFor(lists->entry) +
                             roomFor(lists->partialOffset) + roomFor(lists->partialBits));
  const at::Tensor host = at::empty({bytes}, at::TensorOptions(at::kByte).pinned_memory(device.is_cuda()));
  Upload upload{lists, at::empty({bytes}, at::TensorOptions(at::kByte).device(device)), lists->view()};
  size_t at = 0;
  upload.view.rowStart = place(lists->rowStart, host, upload.memory, at);
  upload.view.entry = place(lists->entry, host, upload.memory, at);
  upload.view.partialOffset = place(lists->partialOffset, host, upload.memory, at);
  upload.view.partialBits = place(lists->partialBits, host, upload.memory, at);
  upload.memory.copy_(host, true);
  return (m_uploads[lists.get()] = std::move(upload)).view;
}

}  // namespace ditscope::collector::cuda

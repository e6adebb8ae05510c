// SPDX-License-Identifier: Apache-2.0
// Lists of blocks on the device. A list that methods use again, in other layers and steps, is uploaded once.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>

#include "kernels/block_list_storage.h"

namespace ditscope::collector::cuda {

class ListUploads {
 public:
  using Lists = std::shared_ptr<const kernels::BlockListStorage>;

  // The list as kernels on that device read it. Valid for work put into the current stream until the next
  // call; the upload goes through pinned memory and waits for nothing. `isNew` tells a first upload, after
  // which the caller should have checked the list.
  [[nodiscard]] kernels::BlockList of(const Lists& lists, at::Device device);
  [[nodiscard]] bool has(const Lists& lists) const;

 private:
  struct Upload {
    std::weak_ptr<const kernels::BlockListStorage> source;  // another list may come to lie at its address
    at::Tensor memory;
    kernels::BlockList view;
  };
  std::map<const kernels::BlockListStorage*, Upload> m_uploads;
};

}  // namespace ditscope::collector::cuda

// SPDX-License-Identifier: Apache-2.0
#include "db/torch_tree.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <set>

#include "db/text.h"
#include "db/torch_elements.h"
#include "db/torch_error.h"

namespace ditscope::db {
namespace {

class TreeBuilder {
 public:
  TreeBuilder(const PickleGraph& graph, const StorageSource& storage, const std::string& file)
      : m_graph(graph), m_storage(storage), m_file(file) {}

  TorchValue build(PickleNode::Ref ref, int depth) {
    if (depth > kMaxTorchDepth) refuse(fmt::format("its values nest deeper than {}", kMaxTorchDepth));
    if (++m_values > kMaxTorchValues) refuse(fmt::format("it holds over {} values", kMaxTorchValues));
    return std::visit([&](const auto& content) { return valueOf(content, depth); },
                      m_graph.nodes[ref].content);
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { refuseTorchFile(m_file, why); }

  template <class T>
  TorchValue valueOf(const T& plain, int /*depth*/) {
    return {plain};
  }

  TorchValue valueOf(const std::string& text, int /*depth*/) {
    m_textBytes += text.size();
    if (m_textBytes > kMaxPickleBytes) refuse(fmt::format("its texts exceed {} bytes", kMaxPickleBytes));
    return {text};
  }

  TorchValue valueOf(const KnownGlobal* const&, int) { refuse("it holds a type in place of a value"); }
  TorchValue valueOf(const PickleNode::Storage&, int) { refuse("it holds a storage without a tensor"); }

  TorchValue valueOf(const PickleNode::Sequence& sequence, int depth) {
    TorchValue::List list;
    for (const PickleNode::Ref item : sequence.items) list.push_back(build(item, depth + 1));
    return {std::move(list)};
  }

  TorchValue valueOf(const PickleNode::Dict& dict, int depth) {
    TorchValue::Dict entries;
    std::set<std::variant<int64_t, std::string>> seen;
    for (const auto& [keyRef, valueRef] : dict.entries) {
      TorchValue key = build(keyRef, depth + 1);
      const auto* text = key.as<std::string>();
      const auto* number = key.as<int64_t>();
      if (!text && !number) refuse("a key of a dictionary is neither a text nor a whole number");
      const bool isNew = text ? seen.emplace(*text).second : seen.emplace(*number).second;
      if (!isNew)
        refuse("a dictionary has the key " + (text ? quotedText(*text) : std::to_string(*number)) + " twice");
      entries.push_back({std::move(key), build(valueRef, depth + 1)});
    }
    return {std::move(entries)};
  }

  // How many elements the view has, all of them within its storage.
  [[nodiscard]] int64_t elementsOf(const PickleNode::Tensor& view) const {
    int64_t elements = 1;
    int64_t last = view.offset;
    bool good = view.offset >= 0 && view.shape.size() == view.stride.size();
    for (size_t d = 0; good && d < view.shape.size(); ++d) {
      int64_t extent = 0;
      good = view.shape[d] >= 0 && view.stride[d] >= 0 &&
             !__builtin_mul_overflow(elements, view.shape[d], &elements) &&
             !__builtin_mul_overflow(view.shape[d] - 1, view.stride[d], &extent) &&
             !__builtin_add_overflow(last, extent, &last);
    }
    if (!good || (elements > 0 && last >= view.storage.elements))
      refuse("a tensor reaches beyond its storage");
    return elements;
  }

  TorchValue valueOf(const PickleNode::Tensor& view, int /*depth*/) {
    const int64_t elements = elementsOf(view);
    if (elements > kMaxTensorElements - m_elements)
      refuse(fmt::format("its tensors exceed {} elements", kMaxTensorElements));
    m_elements += elements;
    TorchTensor tensor{view.storage.dtype, view.shape, {}};
    tensor.values.reserve(size_t(elements));
    const Bytes& storage = storageOf(view.storage);
    std::vector<int64_t> index(view.shape.size());
    for (int64_t i = 0, at = view.offset; i < elements; ++i) {
      tensor.values.push_back(readTorchElement(storage, view.storage.dtype, at));
      if (view.storage.dtype == TorchDType::I64 && std::abs(tensor.values.back()) > kLargestExactInteger)
        refuse("it holds a tensor with whole numbers beyond 2^53");
      for (size_t d = index.size(); d-- > 0;) {  // on to the next element, row-major
        at += view.stride[d];
        if (++index[d] < view.shape[d]) break;
        at -= view.stride[d] * index[d];
        index[d] = 0;
      }
    }
    return {std::move(tensor)};
  }

  const Bytes& storageOf(const PickleNode::Storage& storage) {
    uint64_t bytes = 0;
    if (__builtin_mul_overflow(uint64_t(storage.elements), torchElementBytes(storage.dtype), &bytes))
      refuse("a storage is impossibly large");
    const auto [found, isNew] = m_storages.try_emplace(storage.key);
    if (isNew) found->second = m_storage(storage.key, bytes);
    if (found->second.size() != bytes)
      refuse("the storage " + quotedText(storage.key) + " has another size than it says");
    return found->second;
  }

  const PickleGraph& m_graph;
  const StorageSource& m_storage;
  const std::string& m_file;
  std::map<std::string, Bytes> m_storages;
  size_t m_values = 0;
  size_t m_textBytes = 0;
  int64_t m_elements = 0;
};

}  // namespace

TorchValue torchValueOf(const PickleGraph& graph, const StorageSource& storage, const std::string& file) {
  return TreeBuilder(graph, storage, file).build(graph.root, 0);
}

}  // namespace ditscope::db
